-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "Role" AS ENUM ('OWNER', 'ADMIN', 'REVIEWER', 'VIEWER');

-- CreateEnum
CREATE TYPE "ApiScope" AS ENUM ('CAPTURE', 'READ', 'TRAIN', 'REPORT', 'ADMIN');

-- CreateEnum
CREATE TYPE "SyncIssueType" AS ENUM ('CONFLICT', 'DIVERGENCE', 'MISSING_DATA', 'ORDER_VIOLATION', 'VALIDATION_FAILED');

-- CreateEnum
CREATE TYPE "SessionKind" AS ENUM ('HUMAN', 'AUTOMATED', 'HYBRID');

-- CreateEnum
CREATE TYPE "SessionState" AS ENUM ('ACTIVE', 'PAUSED', 'ENDED', 'PROCESSING', 'READY', 'NEEDS_REVIEW', 'REJECTED', 'FAILED', 'ARCHIVED', 'DISCARDED', 'ERASED');

-- CreateEnum
CREATE TYPE "InteractionType" AS ENUM ('CLICK', 'DOUBLE_CLICK', 'CONTEXT_MENU', 'INPUT', 'CHANGE', 'SELECT', 'KEY_PRESS', 'SCROLL', 'HOVER', 'FOCUS', 'BLUR', 'SUBMIT', 'DRAG', 'DROP', 'TOUCH', 'COPY', 'CUT', 'PASTE', 'NAVIGATION', 'TAB_OPEN', 'TAB_SWITCH', 'TAB_CLOSE', 'DOWNLOAD', 'FILE_SELECT', 'MODAL_OPEN', 'MODAL_CLOSE', 'OTHER');

-- CreateEnum
CREATE TYPE "ScreenshotTrigger" AS ENUM ('SESSION_START', 'SESSION_END', 'BEFORE_ACTION', 'AFTER_ACTION', 'NAVIGATION', 'MODAL', 'ERROR', 'MANUAL');

-- CreateEnum
CREATE TYPE "UploadState" AS ENUM ('PENDING', 'STORED', 'DROPPED', 'DAMAGED');

-- CreateEnum
CREATE TYPE "Stage" AS ENUM ('REDACT', 'COMPRESS', 'SCORE', 'EXAMPLES', 'EXPORT');

-- CreateEnum
CREATE TYPE "StepState" AS ENUM ('WAITING', 'RUNNING', 'RETRYING', 'DONE', 'FAILED');

-- CreateEnum
CREATE TYPE "IssueSeverity" AS ENUM ('HIGH', 'MEDIUM', 'LOW');

-- CreateEnum
CREATE TYPE "ExportFormat" AS ENUM ('OPENAI_CHAT');

-- CreateTable
CREATE TABLE "Project" (
    "id" UUID NOT NULL,
    "number" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "rejectBelow" DOUBLE PRECISION NOT NULL DEFAULT 0.3,
    "reviewBelow" DOUBLE PRECISION NOT NULL DEFAULT 0.6,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "User" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "passwordHash" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Membership" (
    "projectId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "role" "Role" NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Membership_pkey" PRIMARY KEY ("projectId","userId")
);

-- CreateTable
CREATE TABLE "RefreshToken" (
    "id" UUID NOT NULL,
    "familyId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "hash" BYTEA NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "replacedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RefreshToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ApiKey" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "participantId" UUID,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "scopes" "ApiScope"[],
    "expiresAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),
    "rotatedFromId" UUID,
    "lastUsedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ApiKey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Participant" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "label" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Participant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SyncIssue" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "type" "SyncIssueType" NOT NULL,
    "entityType" TEXT NOT NULL,
    "entityId" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "seenCount" INTEGER NOT NULL DEFAULT 1,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncIssue_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "participantId" UUID,
    "kind" "SessionKind" NOT NULL,
    "state" "SessionState" NOT NULL DEFAULT 'ACTIVE',
    "version" INTEGER NOT NULL DEFAULT 1,
    "task" TEXT,
    "site" TEXT NOT NULL,
    "startUrl" TEXT NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "lastActivityAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSequence" INTEGER,
    "hold" BOOLEAN NOT NULL DEFAULT false,
    "reason" TEXT,
    "dropped" JSONB NOT NULL DEFAULT '[]',
    "client" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SessionKey" (
    "sessionId" UUID NOT NULL,
    "generation" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionKey_pkey" PRIMARY KEY ("sessionId")
);

-- CreateTable
CREATE TABLE "SessionEvent" (
    "id" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "state" "SessionState" NOT NULL,
    "version" INTEGER NOT NULL,
    "reason" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionEvent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SessionOperation" (
    "sessionId" UUID NOT NULL,
    "operationId" UUID NOT NULL,
    "inputHash" BYTEA NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionOperation_pkey" PRIMARY KEY ("sessionId","operationId")
);

-- CreateTable
CREATE TABLE "Interaction" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "type" "InteractionType" NOT NULL,
    "occurredAt" TIMESTAMPTZ(3) NOT NULL,
    "sessionTimeMs" INTEGER NOT NULL,
    "url" TEXT NOT NULL,
    "site" TEXT NOT NULL,
    "pageTitle" TEXT,
    "targetRole" TEXT,
    "targetName" TEXT,
    "modifiers" SMALLINT NOT NULL DEFAULT 0,
    "offsetX" REAL,
    "offsetY" REAL,
    "isVisible" BOOLEAN,
    "confidence" REAL NOT NULL,
    "dropped" TEXT,
    "bodyMac" BYTEA NOT NULL,
    "chunkId" UUID,
    "chunkIndex" SMALLINT,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Interaction_pkey" PRIMARY KEY ("projectId","sessionId","sequence")
);

-- CreateTable
CREATE TABLE "InteractionChunk" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "sealed" BYTEA NOT NULL,

    CONSTRAINT "InteractionChunk_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Screenshot" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "trigger" "ScreenshotTrigger" NOT NULL,
    "interactionSequence" INTEGER,
    "burstId" UUID,
    "burstIndex" SMALLINT,
    "burstTotal" SMALLINT,
    "capturedAt" TIMESTAMPTZ(3) NOT NULL,
    "frameAgeMs" INTEGER,
    "url" TEXT NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "devicePixelRatio" REAL NOT NULL,
    "scrollX" REAL NOT NULL,
    "scrollY" REAL NOT NULL,
    "mimeType" TEXT NOT NULL,
    "originalBytes" INTEGER NOT NULL,
    "storedBytes" INTEGER,
    "compressionRatio" REAL,
    "sha256" BYTEA NOT NULL,
    "contentHash" BYTEA,
    "perceptualHash" BYTEA,
    "contentScore" REAL,
    "masks" JSONB NOT NULL,
    "redactedAt" TIMESTAMPTZ(3),
    "upload" "UploadState" NOT NULL DEFAULT 'PENDING',
    "problem" TEXT,
    "objectKey" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Screenshot_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PageSnapshot" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "interactionSequence" INTEGER,
    "capturedAt" TIMESTAMPTZ(3) NOT NULL,
    "url" TEXT NOT NULL,
    "title" TEXT,
    "sha256" BYTEA NOT NULL,
    "originalBytes" INTEGER NOT NULL,
    "storedBytes" INTEGER,
    "upload" "UploadState" NOT NULL DEFAULT 'PENDING',
    "problem" TEXT,
    "objectKey" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PageSnapshot_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ProcessingStep" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "stage" "Stage" NOT NULL,
    "state" "StepState" NOT NULL DEFAULT 'WAITING',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "progress" REAL NOT NULL DEFAULT 0,
    "message" TEXT,
    "error" TEXT,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ProcessingStep_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "QualityReport" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,
    "completeness" DOUBLE PRECISION NOT NULL,
    "reliability" DOUBLE PRECISION NOT NULL,
    "accuracy" DOUBLE PRECISION NOT NULL,
    "rules" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "QualityReport_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "QualityIssue" (
    "id" UUID NOT NULL,
    "reportId" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "severity" "IssueSeverity" NOT NULL,
    "message" TEXT NOT NULL,
    "advice" TEXT NOT NULL,
    "sequences" INTEGER[],
    "count" INTEGER NOT NULL,

    CONSTRAINT "QualityIssue_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Example" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "operation" TEXT NOT NULL,
    "candidateCount" INTEGER NOT NULL,
    "sealed" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Example_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SessionExport" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "format" "ExportFormat" NOT NULL,
    "examples" INTEGER NOT NULL,
    "bytes" INTEGER NOT NULL,
    "sha256" BYTEA NOT NULL,
    "objectKey" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionExport_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MasterKeyCheck" (
    "generation" TEXT NOT NULL,
    "value" BYTEA NOT NULL,

    CONSTRAINT "MasterKeyCheck_pkey" PRIMARY KEY ("generation")
);

-- CreateTable
CREATE TABLE "Outbox" (
    "id" BIGSERIAL NOT NULL,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "projectId" UUID NOT NULL,
    "topic" TEXT NOT NULL,
    "subjectId" UUID NOT NULL,
    "sessionId" UUID,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Outbox_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Project_number_key" ON "Project"("number");

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE INDEX "Membership_userId_idx" ON "Membership"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "RefreshToken_hash_key" ON "RefreshToken"("hash");

-- CreateIndex
CREATE INDEX "RefreshToken_familyId_idx" ON "RefreshToken"("familyId");

-- CreateIndex
CREATE INDEX "RefreshToken_userId_idx" ON "RefreshToken"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "ApiKey_hash_key" ON "ApiKey"("hash");

-- CreateIndex
CREATE INDEX "ApiKey_projectId_createdAt_id_idx" ON "ApiKey"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "ApiKey_participantId_idx" ON "ApiKey"("participantId");

-- CreateIndex
CREATE UNIQUE INDEX "Participant_projectId_label_key" ON "Participant"("projectId", "label");

-- CreateIndex
CREATE INDEX "SyncIssue_projectId_createdAt_id_idx" ON "SyncIssue"("projectId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "SyncIssue_projectId_type_entityType_entityId_key" ON "SyncIssue"("projectId", "type", "entityType", "entityId");

-- CreateIndex
CREATE INDEX "Session_projectId_startedAt_id_idx" ON "Session"("projectId", "startedAt", "id");

-- CreateIndex
CREATE INDEX "Session_projectId_state_startedAt_id_idx" ON "Session"("projectId", "state", "startedAt", "id");

-- CreateIndex
CREATE INDEX "Session_projectId_site_startedAt_id_idx" ON "Session"("projectId", "site", "startedAt", "id");

-- CreateIndex
CREATE INDEX "Session_projectId_participantId_startedAt_id_idx" ON "Session"("projectId", "participantId", "startedAt", "id");

-- CreateIndex
CREATE INDEX "Session_state_lastActivityAt_idx" ON "Session"("state", "lastActivityAt");

-- CreateIndex
CREATE INDEX "Session_participantId_idx" ON "Session"("participantId");

-- CreateIndex
CREATE UNIQUE INDEX "SessionEvent_sessionId_version_key" ON "SessionEvent"("sessionId", "version");

-- CreateIndex
CREATE UNIQUE INDEX "Interaction_projectId_id_key" ON "Interaction"("projectId", "id");

-- CreateIndex
CREATE INDEX "InteractionChunk_sessionId_idx" ON "InteractionChunk"("sessionId");

-- CreateIndex
CREATE INDEX "Screenshot_sessionId_capturedAt_id_idx" ON "Screenshot"("sessionId", "capturedAt", "id");

-- CreateIndex
CREATE INDEX "Screenshot_sessionId_interactionSequence_idx" ON "Screenshot"("sessionId", "interactionSequence");

-- CreateIndex
CREATE INDEX "PageSnapshot_sessionId_capturedAt_id_idx" ON "PageSnapshot"("sessionId", "capturedAt", "id");

-- CreateIndex
CREATE INDEX "PageSnapshot_sessionId_sha256_idx" ON "PageSnapshot"("sessionId", "sha256");

-- CreateIndex
CREATE INDEX "ProcessingStep_projectId_updatedAt_id_idx" ON "ProcessingStep"("projectId", "updatedAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ProcessingStep_sessionId_stage_key" ON "ProcessingStep"("sessionId", "stage");

-- CreateIndex
CREATE UNIQUE INDEX "QualityReport_sessionId_key" ON "QualityReport"("sessionId");

-- CreateIndex
CREATE INDEX "QualityReport_projectId_createdAt_id_idx" ON "QualityReport"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "QualityIssue_reportId_idx" ON "QualityIssue"("reportId");

-- CreateIndex
CREATE INDEX "Example_projectId_createdAt_id_idx" ON "Example"("projectId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Example_sessionId_sequence_key" ON "Example"("sessionId", "sequence");

-- CreateIndex
CREATE UNIQUE INDEX "SessionExport_sessionId_format_key" ON "SessionExport"("sessionId", "format");

-- CreateIndex
CREATE INDEX "Outbox_xid_id_idx" ON "Outbox"("xid", "id");

-- CreateIndex
CREATE INDEX "Outbox_createdAt_idx" ON "Outbox"("createdAt");

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshToken" ADD CONSTRAINT "RefreshToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Participant" ADD CONSTRAINT "Participant_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionKey" ADD CONSTRAINT "SessionKey_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionEvent" ADD CONSTRAINT "SessionEvent_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionOperation" ADD CONSTRAINT "SessionOperation_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Interaction" ADD CONSTRAINT "Interaction_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "InteractionChunk" ADD CONSTRAINT "InteractionChunk_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Screenshot" ADD CONSTRAINT "Screenshot_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PageSnapshot" ADD CONSTRAINT "PageSnapshot_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProcessingStep" ADD CONSTRAINT "ProcessingStep_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "QualityReport" ADD CONSTRAINT "QualityReport_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "QualityIssue" ADD CONSTRAINT "QualityIssue_reportId_fkey" FOREIGN KEY ("reportId") REFERENCES "QualityReport"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Example" ADD CONSTRAINT "Example_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionExport" ADD CONSTRAINT "SessionExport_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
