-- CreateEnum
CREATE TYPE "ContractKind" AS ENUM ('GRAPHQL', 'HTTP', 'EVENT');

-- CreateEnum
CREATE TYPE "ContractViolationKind" AS ENUM ('PARAM_MISMATCH', 'RESPONSE_SCHEMA_ERROR', 'TIMEOUT', 'UNAVAILABLE');

-- CreateEnum
CREATE TYPE "DriftKind" AS ENUM ('FIELD_GONE', 'TYPE_WIDENED', 'NULLS_APPEARED');

-- CreateTable
CREATE TABLE "Contract" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "kind" "ContractKind" NOT NULL,
    "parameters" JSONB NOT NULL,
    "response" JSONB NOT NULL,
    "timeoutMs" INTEGER NOT NULL,
    "documentHash" TEXT,
    "schemaHash" TEXT,
    "isOwn" BOOLEAN NOT NULL DEFAULT false,
    "coordinates" TEXT[],
    "checkCount" BIGINT NOT NULL DEFAULT 0,
    "violationCount" BIGINT NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastViolationAt" TIMESTAMPTZ(3),
    "baselineSamples" INTEGER NOT NULL DEFAULT 0,
    "baselineShape" JSONB NOT NULL DEFAULT '{}',
    "recentSamples" INTEGER NOT NULL DEFAULT 0,
    "recentShape" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "Contract_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ContractViolation" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "contractId" UUID NOT NULL,
    "kind" "ContractViolationKind" NOT NULL,
    "pointer" TEXT NOT NULL,
    "keyword" TEXT NOT NULL,
    "expected" TEXT NOT NULL,
    "actual" TEXT NOT NULL,
    "seenCount" INTEGER NOT NULL DEFAULT 1,
    "lateCount" INTEGER NOT NULL DEFAULT 0,
    "correlationId" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ContractViolation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ContractHour" (
    "contractId" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "checks" INTEGER NOT NULL DEFAULT 0,
    "violations" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "ContractHour_pkey" PRIMARY KEY ("contractId","hour")
);

-- CreateTable
CREATE TABLE "ContractDrift" (
    "id" UUID NOT NULL,
    "contractId" UUID NOT NULL,
    "kind" "DriftKind" NOT NULL,
    "pointer" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "seenCount" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ContractDrift_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SchemaVersion" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "service" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "sdl" TEXT NOT NULL,
    "release" TEXT,
    "changes" JSONB NOT NULL DEFAULT '[]',
    "breakingUsed" INTEGER NOT NULL DEFAULT 0,
    "deployedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SchemaVersion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ContractCheckReceipt" (
    "projectId" UUID NOT NULL,
    "id" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ContractCheckReceipt_pkey" PRIMARY KEY ("projectId","id")
);

-- CreateIndex
CREATE INDEX "Contract_projectId_service_operation_createdAt_idx" ON "Contract"("projectId", "service", "operation", "createdAt");

-- CreateIndex
CREATE INDEX "Contract_projectId_createdAt_id_idx" ON "Contract"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Contract_projectId_violationCount_id_idx" ON "Contract"("projectId", "violationCount", "id");

-- CreateIndex
CREATE INDEX "Contract_coordinates_idx" ON "Contract" USING GIN ("coordinates");

-- CreateIndex
CREATE UNIQUE INDEX "Contract_projectId_hash_key" ON "Contract"("projectId", "hash");

-- CreateIndex
CREATE INDEX "ContractViolation_projectId_lastSeenAt_id_idx" ON "ContractViolation"("projectId", "lastSeenAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ContractViolation_contractId_kind_pointer_keyword_expected__key" ON "ContractViolation"("contractId", "kind", "pointer", "keyword", "expected", "actual");

-- CreateIndex
CREATE INDEX "ContractHour_hour_idx" ON "ContractHour"("hour");

-- CreateIndex
CREATE UNIQUE INDEX "ContractDrift_contractId_kind_pointer_type_key" ON "ContractDrift"("contractId", "kind", "pointer", "type");

-- CreateIndex
CREATE INDEX "SchemaVersion_projectId_service_deployedAt_id_idx" ON "SchemaVersion"("projectId", "service", "deployedAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "SchemaVersion_projectId_service_hash_key" ON "SchemaVersion"("projectId", "service", "hash");

-- CreateIndex
CREATE INDEX "ContractCheckReceipt_createdAt_idx" ON "ContractCheckReceipt"("createdAt");

-- AddForeignKey
ALTER TABLE "ContractViolation" ADD CONSTRAINT "ContractViolation_contractId_fkey" FOREIGN KEY ("contractId") REFERENCES "Contract"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ContractHour" ADD CONSTRAINT "ContractHour_contractId_fkey" FOREIGN KEY ("contractId") REFERENCES "Contract"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ContractDrift" ADD CONSTRAINT "ContractDrift_contractId_fkey" FOREIGN KEY ("contractId") REFERENCES "Contract"("id") ON DELETE CASCADE ON UPDATE CASCADE;
