-- CreateEnum
CREATE TYPE "ReportCategory" AS ENUM ('NETWORK_TIMEOUT', 'CONNECTION_LOST', 'PROTOCOL_VIOLATION', 'DATABASE_ERROR', 'SCHEMA_VIOLATION', 'CONSTRAINT_VIOLATION', 'TRANSACTION_ROLLBACK', 'SYNC_CONFLICT', 'SYNC_TIMEOUT', 'VERSION_MISMATCH', 'CRDT_CONFLICT', 'CONTRACT_VIOLATION', 'SERVICE_UNAVAILABLE', 'RATE_LIMIT_EXCEEDED', 'AUTH_EXPIRED', 'PERMISSION_DENIED', 'TOKEN_INVALID', 'EXTRACTION_FAILED', 'AI_PROVIDER_ERROR', 'CONTENT_PARSE_ERROR', 'VALIDATION_FAILED', 'INPUT_TOO_LARGE', 'MALFORMED_REQUEST', 'OTHER');

-- CreateEnum
CREATE TYPE "ReportSeverity" AS ENUM ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO');

-- CreateEnum
CREATE TYPE "ReportPlatform" AS ENUM ('SERVER', 'PWA', 'EXTENSION', 'NETWORK', 'DATABASE', 'WORKER');

-- CreateEnum
CREATE TYPE "ReportOutcome" AS ENUM ('ACCEPTED', 'DUPLICATE', 'FILTERED', 'RATE_LIMITED', 'INVALID', 'DISCARDED');

-- CreateEnum
CREATE TYPE "ErrorIssueState" AS ENUM ('NEW', 'ONGOING', 'ESCALATING', 'REGRESSED', 'ARCHIVED', 'RESOLVED');

-- CreateEnum
CREATE TYPE "ResolvedIn" AS ENUM ('NOW', 'THIS_RELEASE', 'NEXT_RELEASE');

-- CreateEnum
CREATE TYPE "ArchivedUntil" AS ENUM ('FOREVER', 'TIME', 'COUNT', 'USERS', 'ESCALATION');

-- CreateTable
CREATE TABLE "ErrorIssue" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "culprit" TEXT,
    "category" "ReportCategory" NOT NULL,
    "severity" "ReportSeverity" NOT NULL,
    "platform" "ReportPlatform" NOT NULL,
    "service" TEXT,
    "state" "ErrorIssueState" NOT NULL DEFAULT 'NEW',
    "version" INTEGER NOT NULL DEFAULT 1,
    "stateSince" TIMESTAMPTZ(3) NOT NULL,
    "firstSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "count" BIGINT NOT NULL DEFAULT 0,
    "userCount" INTEGER NOT NULL DEFAULT 0,
    "firstRelease" TEXT,
    "lastRelease" TEXT,
    "resolvedIn" "ResolvedIn",
    "resolvedRelease" TEXT,
    "resolvedAt" TIMESTAMPTZ(3),
    "archivedUntil" "ArchivedUntil",
    "archivedUntilAt" TIMESTAMPTZ(3),
    "archivedUntilCount" BIGINT,
    "archivedUntilUsers" INTEGER,
    "hourLimit" INTEGER,
    "assigneeId" UUID,
    "mergedIntoId" UUID,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ErrorIssue_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Fingerprint" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "issueId" UUID NOT NULL,
    "hash" BYTEA NOT NULL,
    "groupingVersion" SMALLINT NOT NULL,
    "explanation" JSONB NOT NULL,
    "title" TEXT NOT NULL,
    "culprit" TEXT,
    "category" "ReportCategory" NOT NULL,
    "severity" "ReportSeverity" NOT NULL,
    "platform" "ReportPlatform" NOT NULL,
    "service" TEXT,
    "count" BIGINT NOT NULL DEFAULT 0,
    "firstSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Fingerprint_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ErrorEvent" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "fingerprintId" UUID NOT NULL,
    "occurredAt" TIMESTAMPTZ(3) NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL,
    "category" "ReportCategory" NOT NULL,
    "severity" "ReportSeverity" NOT NULL,
    "platform" "ReportPlatform" NOT NULL,
    "service" TEXT,
    "release" TEXT,
    "environment" TEXT,
    "correlationId" TEXT,
    "userHash" BYTEA,
    "report" JSON,

    CONSTRAINT "ErrorEvent_pkey" PRIMARY KEY ("projectId","id")
);

-- CreateTable
CREATE TABLE "FingerprintUser" (
    "fingerprintId" UUID NOT NULL,
    "userHash" BYTEA NOT NULL,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "FingerprintUser_pkey" PRIMARY KEY ("fingerprintId","userHash")
);

-- CreateTable
CREATE TABLE "FingerprintHour" (
    "fingerprintId" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "FingerprintHour_pkey" PRIMARY KEY ("fingerprintId","hour")
);

-- CreateTable
CREATE TABLE "ReportHour" (
    "projectId" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "category" "ReportCategory" NOT NULL,
    "severity" "ReportSeverity" NOT NULL,
    "platform" "ReportPlatform" NOT NULL,
    "service" TEXT NOT NULL,
    "release" TEXT NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "ReportHour_pkey" PRIMARY KEY ("projectId","hour","category","severity","platform","service","release")
);

-- CreateTable
CREATE TABLE "ReportUserHour" (
    "projectId" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "category" "ReportCategory" NOT NULL,
    "severity" "ReportSeverity" NOT NULL,
    "platform" "ReportPlatform" NOT NULL,
    "service" TEXT NOT NULL,
    "release" TEXT NOT NULL,
    "userHash" BYTEA NOT NULL,

    CONSTRAINT "ReportUserHour_pkey" PRIMARY KEY ("projectId","hour","category","severity","platform","service","release","userHash")
);

-- CreateTable
CREATE TABLE "ReportLedger" (
    "projectId" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "outcome" "ReportOutcome" NOT NULL,
    "reason" TEXT NOT NULL,
    "category" "ReportCategory" NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "ReportLedger_pkey" PRIMARY KEY ("projectId","hour","outcome","reason","category")
);

-- CreateTable
CREATE TABLE "ClientReportTaken" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ClientReportTaken_pkey" PRIMARY KEY ("projectId","id")
);

-- CreateTable
CREATE TABLE "Release" (
    "projectId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "firstSeenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Release_pkey" PRIMARY KEY ("projectId","name")
);

-- CreateTable
CREATE TABLE "ErrorIssueChange" (
    "id" UUID NOT NULL,
    "issueId" UUID NOT NULL,
    "state" "ErrorIssueState" NOT NULL,
    "version" INTEGER NOT NULL,
    "reason" TEXT NOT NULL,
    "actorId" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ErrorIssueChange_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ErrorIssueOperation" (
    "issueId" UUID NOT NULL,
    "operationId" UUID NOT NULL,
    "inputHash" BYTEA NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "ErrorIssueOperation_pkey" PRIMARY KEY ("issueId","operationId")
);

-- CreateTable
CREATE TABLE "ReportSettings" (
    "projectId" UUID NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "filteredCategories" "ReportCategory"[],
    "filteredReleases" TEXT[],
    "filteredMessages" TEXT[],
    "filtersForeignScripts" BOOLEAN NOT NULL DEFAULT true,
    "groupingRules" TEXT NOT NULL DEFAULT '',
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ReportSettings_pkey" PRIMARY KEY ("projectId")
);

-- CreateTable
CREATE TABLE "SourceMap" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "release" TEXT NOT NULL,
    "file" TEXT NOT NULL,
    "sha256" BYTEA NOT NULL,
    "bytes" INTEGER NOT NULL,
    "generation" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "objectKey" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SourceMap_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ErrorIssue_projectId_lastSeenAt_id_idx" ON "ErrorIssue"("projectId", "lastSeenAt", "id");

-- CreateIndex
CREATE INDEX "ErrorIssue_projectId_firstSeenAt_id_idx" ON "ErrorIssue"("projectId", "firstSeenAt", "id");

-- CreateIndex
CREATE INDEX "ErrorIssue_projectId_count_id_idx" ON "ErrorIssue"("projectId", "count", "id");

-- CreateIndex
CREATE INDEX "ErrorIssue_projectId_userCount_id_idx" ON "ErrorIssue"("projectId", "userCount", "id");

-- CreateIndex
CREATE INDEX "ErrorIssue_projectId_state_lastSeenAt_id_idx" ON "ErrorIssue"("projectId", "state", "lastSeenAt", "id");

-- CreateIndex
CREATE INDEX "ErrorIssue_projectId_category_lastSeenAt_id_idx" ON "ErrorIssue"("projectId", "category", "lastSeenAt", "id");

-- CreateIndex
CREATE INDEX "ErrorIssue_projectId_service_lastSeenAt_id_idx" ON "ErrorIssue"("projectId", "service", "lastSeenAt", "id");

-- CreateIndex
CREATE INDEX "ErrorIssue_state_stateSince_idx" ON "ErrorIssue"("state", "stateSince");

-- CreateIndex
CREATE INDEX "ErrorIssue_assigneeId_idx" ON "ErrorIssue"("assigneeId");

-- CreateIndex
CREATE INDEX "ErrorIssue_mergedIntoId_idx" ON "ErrorIssue"("mergedIntoId");

-- CreateIndex
CREATE INDEX "Fingerprint_issueId_idx" ON "Fingerprint"("issueId");

-- CreateIndex
CREATE UNIQUE INDEX "Fingerprint_projectId_hash_key" ON "Fingerprint"("projectId", "hash");

-- CreateIndex
CREATE INDEX "ErrorEvent_fingerprintId_occurredAt_id_idx" ON "ErrorEvent"("fingerprintId", "occurredAt", "id");

-- CreateIndex
CREATE INDEX "ErrorEvent_projectId_correlationId_idx" ON "ErrorEvent"("projectId", "correlationId");

-- CreateIndex
CREATE INDEX "ErrorEvent_receivedAt_idx" ON "ErrorEvent"("receivedAt");

-- CreateIndex
CREATE INDEX "FingerprintUser_lastSeenAt_idx" ON "FingerprintUser"("lastSeenAt");

-- CreateIndex
CREATE INDEX "FingerprintHour_hour_idx" ON "FingerprintHour"("hour");

-- CreateIndex
CREATE INDEX "ReportHour_hour_idx" ON "ReportHour"("hour");

-- CreateIndex
CREATE INDEX "ReportUserHour_hour_idx" ON "ReportUserHour"("hour");

-- CreateIndex
CREATE INDEX "ReportLedger_hour_idx" ON "ReportLedger"("hour");

-- CreateIndex
CREATE INDEX "ClientReportTaken_receivedAt_idx" ON "ClientReportTaken"("receivedAt");

-- CreateIndex
CREATE INDEX "Release_projectId_firstSeenAt_idx" ON "Release"("projectId", "firstSeenAt");

-- CreateIndex
CREATE INDEX "ErrorIssueChange_issueId_version_idx" ON "ErrorIssueChange"("issueId", "version");

-- CreateIndex
CREATE INDEX "SourceMap_projectId_createdAt_id_idx" ON "SourceMap"("projectId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "SourceMap_projectId_release_file_key" ON "SourceMap"("projectId", "release", "file");

-- AddForeignKey
ALTER TABLE "ErrorIssue" ADD CONSTRAINT "ErrorIssue_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ErrorIssue" ADD CONSTRAINT "ErrorIssue_assigneeId_fkey" FOREIGN KEY ("assigneeId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ErrorIssue" ADD CONSTRAINT "ErrorIssue_mergedIntoId_fkey" FOREIGN KEY ("mergedIntoId") REFERENCES "ErrorIssue"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Fingerprint" ADD CONSTRAINT "Fingerprint_issueId_fkey" FOREIGN KEY ("issueId") REFERENCES "ErrorIssue"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ErrorEvent" ADD CONSTRAINT "ErrorEvent_fingerprintId_fkey" FOREIGN KEY ("fingerprintId") REFERENCES "Fingerprint"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FingerprintUser" ADD CONSTRAINT "FingerprintUser_fingerprintId_fkey" FOREIGN KEY ("fingerprintId") REFERENCES "Fingerprint"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FingerprintHour" ADD CONSTRAINT "FingerprintHour_fingerprintId_fkey" FOREIGN KEY ("fingerprintId") REFERENCES "Fingerprint"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ErrorIssueChange" ADD CONSTRAINT "ErrorIssueChange_issueId_fkey" FOREIGN KEY ("issueId") REFERENCES "ErrorIssue"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ErrorIssueOperation" ADD CONSTRAINT "ErrorIssueOperation_issueId_fkey" FOREIGN KEY ("issueId") REFERENCES "ErrorIssue"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ReportSettings" ADD CONSTRAINT "ReportSettings_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SourceMap" ADD CONSTRAINT "SourceMap_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
