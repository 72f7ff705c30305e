-- CreateEnum
CREATE TYPE "DatasetState" AS ENUM ('DRAFT', 'FREEZING', 'FROZEN', 'FAILED', 'WITHDRAWN');

-- CreateEnum
CREATE TYPE "Split" AS ENUM ('TRAIN', 'VALIDATION', 'TEST');

-- CreateEnum
CREATE TYPE "ExportState" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'WITHDRAWN');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "ExportFormat" ADD VALUE 'OPENAI_CHAT_VISION';
ALTER TYPE "ExportFormat" ADD VALUE 'OPENAI_DPO';
ALTER TYPE "ExportFormat" ADD VALUE 'MIND2WEB';
ALTER TYPE "ExportFormat" ADD VALUE 'CHROME_RECORDER';
ALTER TYPE "ExportFormat" ADD VALUE 'PLAYWRIGHT';
ALTER TYPE "ExportFormat" ADD VALUE 'PARQUET';
ALTER TYPE "ExportFormat" ADD VALUE 'AGENTNET';
ALTER TYPE "ExportFormat" ADD VALUE 'BROWSER_USE';

-- CreateTable
CREATE TABLE "SessionLabel" (
    "sessionId" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "labels" TEXT[],
    "licence" TEXT,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionLabel_pkey" PRIMARY KEY ("sessionId")
);

-- CreateTable
CREATE TABLE "Dataset" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "state" "DatasetState" NOT NULL DEFAULT 'DRAFT',
    "description" TEXT,
    "filter" JSONB NOT NULL,
    "splitting" JSONB NOT NULL,
    "licence" TEXT,
    "manifest" JSONB,
    "sha256" BYTEA,
    "sessions" INTEGER NOT NULL DEFAULT 0,
    "interactions" BIGINT NOT NULL DEFAULT 0,
    "examples" BIGINT NOT NULL DEFAULT 0,
    "progress" REAL NOT NULL DEFAULT 0,
    "message" TEXT,
    "reason" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "frozenAt" TIMESTAMPTZ(3),
    "withdrawnAt" TIMESTAMPTZ(3),
    "supersededById" UUID,

    CONSTRAINT "Dataset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DatasetKey" (
    "datasetId" UUID NOT NULL,
    "generation" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DatasetKey_pkey" PRIMARY KEY ("datasetId")
);

-- CreateTable
CREATE TABLE "DatasetMember" (
    "datasetId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "frozenId" UUID NOT NULL,
    "site" TEXT NOT NULL,
    "sites" TEXT[],
    "split" "Split" NOT NULL DEFAULT 'TRAIN',
    "interactions" INTEGER NOT NULL,
    "examples" INTEGER NOT NULL,
    "sha256" BYTEA NOT NULL,
    "consentVersion" TEXT,
    "licence" TEXT,

    CONSTRAINT "DatasetMember_pkey" PRIMARY KEY ("datasetId","sessionId")
);

-- CreateTable
CREATE TABLE "FrozenSession" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "sha256" BYTEA NOT NULL,
    "sealed" BYTEA NOT NULL,
    "parts" INTEGER NOT NULL,
    "interactions" INTEGER NOT NULL,
    "examples" INTEGER NOT NULL,
    "images" INTEGER NOT NULL,
    "leftOut" INTEGER NOT NULL,
    "sites" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "FrozenSession_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FrozenPart" (
    "frozenId" UUID NOT NULL,
    "part" INTEGER NOT NULL,
    "sessionId" UUID NOT NULL,
    "firstSequence" INTEGER NOT NULL,
    "sealed" BYTEA NOT NULL,

    CONSTRAINT "FrozenPart_pkey" PRIMARY KEY ("frozenId","part")
);

-- CreateTable
CREATE TABLE "DatasetExport" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "datasetId" UUID,
    "sessionId" UUID,
    "format" "ExportFormat" NOT NULL,
    "splits" "Split"[],
    "state" "ExportState" NOT NULL DEFAULT 'QUEUED',
    "progress" REAL NOT NULL DEFAULT 0,
    "message" TEXT,
    "error" TEXT,
    "records" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "checkpoint" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "DatasetExport_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ExportFile" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "exportId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "path" TEXT NOT NULL,
    "mediaType" TEXT NOT NULL,
    "records" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "parts" INTEGER NOT NULL DEFAULT 0,
    "sha256" BYTEA,

    CONSTRAINT "ExportFile_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "SessionLabel_projectId_idx" ON "SessionLabel"("projectId");

-- CreateIndex
CREATE UNIQUE INDEX "Dataset_supersededById_key" ON "Dataset"("supersededById");

-- CreateIndex
CREATE INDEX "Dataset_projectId_createdAt_id_idx" ON "Dataset"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Dataset_projectId_state_createdAt_id_idx" ON "Dataset"("projectId", "state", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Dataset_projectId_name_version_key" ON "Dataset"("projectId", "name", "version");

-- CreateIndex
CREATE INDEX "DatasetMember_sessionId_idx" ON "DatasetMember"("sessionId");

-- CreateIndex
CREATE UNIQUE INDEX "FrozenSession_sessionId_sha256_key" ON "FrozenSession"("sessionId", "sha256");

-- CreateIndex
CREATE INDEX "FrozenPart_sessionId_idx" ON "FrozenPart"("sessionId");

-- CreateIndex
CREATE INDEX "DatasetExport_projectId_createdAt_id_idx" ON "DatasetExport"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "DatasetExport_datasetId_createdAt_id_idx" ON "DatasetExport"("datasetId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "DatasetExport_sessionId_idx" ON "DatasetExport"("sessionId");

-- CreateIndex
CREATE UNIQUE INDEX "ExportFile_exportId_path_key" ON "ExportFile"("exportId", "path");

-- CreateIndex
CREATE UNIQUE INDEX "ExportFile_exportId_position_key" ON "ExportFile"("exportId", "position");

-- AddForeignKey
ALTER TABLE "SessionLabel" ADD CONSTRAINT "SessionLabel_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Dataset" ADD CONSTRAINT "Dataset_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Dataset" ADD CONSTRAINT "Dataset_supersededById_fkey" FOREIGN KEY ("supersededById") REFERENCES "Dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DatasetKey" ADD CONSTRAINT "DatasetKey_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DatasetMember" ADD CONSTRAINT "DatasetMember_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FrozenSession" ADD CONSTRAINT "FrozenSession_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DatasetExport" ADD CONSTRAINT "DatasetExport_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExportFile" ADD CONSTRAINT "ExportFile_exportId_fkey" FOREIGN KEY ("exportId") REFERENCES "DatasetExport"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- A frozen dataset never changes: it can only be withdrawn. Written by hand, since schema.prisma cannot say it.
CREATE FUNCTION "keepDataset"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD."state" IN ('FROZEN', 'WITHDRAWN') THEN
    IF TG_OP = 'DELETE' OR NOT (NEW."state" = 'WITHDRAWN' OR NEW."state" = OLD."state")
      OR (to_jsonb(NEW) - '{state,reason,withdrawnAt,supersededById}'::text[])
        IS DISTINCT FROM (to_jsonb(OLD) - '{state,reason,withdrawnAt,supersededById}'::text[])
    THEN
      RAISE EXCEPTION 'dataset % is frozen and never changes', OLD."id" USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER "keepDataset" BEFORE UPDATE OR DELETE ON "Dataset"
  FOR EACH ROW EXECUTE FUNCTION "keepDataset"();

CREATE FUNCTION "keepDatasetMember"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  held "DatasetMember" := CASE WHEN TG_OP = 'INSERT' THEN NEW ELSE OLD END;
BEGIN
  IF EXISTS (SELECT 1 FROM "Dataset" d WHERE d."id" = held."datasetId" AND d."state" IN ('FROZEN', 'WITHDRAWN')) THEN
    RAISE EXCEPTION 'dataset % is frozen and never changes', held."datasetId" USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER "keepDatasetMember" BEFORE INSERT OR UPDATE OR DELETE ON "DatasetMember"
  FOR EACH ROW EXECUTE FUNCTION "keepDatasetMember"();

CREATE FUNCTION "keepFrozen"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was frozen never changes' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER "keepFrozen" BEFORE UPDATE ON "FrozenSession"
  FOR EACH ROW EXECUTE FUNCTION "keepFrozen"();
CREATE TRIGGER "keepFrozen" BEFORE UPDATE ON "FrozenPart"
  FOR EACH ROW EXECUTE FUNCTION "keepFrozen"();
