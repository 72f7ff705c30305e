-- CreateEnum
CREATE TYPE "SyncIssueState" AS ENUM ('OPEN', 'RESOLVING', 'APPLIED', 'UNDOING', 'CLOSED');

-- CreateEnum
CREATE TYPE "SyncStrategy" AS ENUM ('SERVER_WINS', 'CLIENT_WINS', 'MERGE', 'MANUAL', 'REJECTED');

-- CreateEnum
CREATE TYPE "SyncSide" AS ENUM ('BASE', 'LOCAL', 'REMOTE', 'RESULT');

-- CreateEnum
CREATE TYPE "SyncInstructionKind" AS ENUM ('REPLACE', 'EXCHANGE', 'PULL', 'PUSH', 'FREEZE', 'THAW');

-- CreateEnum
CREATE TYPE "SyncInstructionState" AS ENUM ('WAITING', 'DONE', 'CHANGED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "SyncSettled" AS ENUM ('SUPERSEDED', 'TAKEN', 'DEAD');

-- CreateEnum
CREATE TYPE "SyncIssueAction" AS ENUM ('OPENED', 'REOPENED', 'RESOLVED', 'ACKNOWLEDGED', 'UNDONE', 'CLOSED');

-- CreateEnum
CREATE TYPE "SyncHealth" AS ENUM ('HEALTHY', 'DEGRADED', 'STALLED', 'CORRUPT', 'OFFLINE');

-- CreateEnum
CREATE TYPE "SyncStall" AS ENUM ('HEAD_UNCHANGED', 'NO_ATTEMPT');

-- DropIndex
DROP INDEX "SyncIssue_projectId_type_entityType_entityId_key";

-- AlterTable
ALTER TABLE "SyncIssue" ADD COLUMN     "appliedAt" TIMESTAMPTZ(3),
ADD COLUMN     "between" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "closedAt" TIMESTAMPTZ(3),
ADD COLUMN     "generation" TEXT,
ADD COLUMN     "keys" TEXT[],
ADD COLUMN     "operation" INTEGER,
ADD COLUMN     "sourceId" UUID,
ADD COLUMN     "state" "SyncIssueState" NOT NULL DEFAULT 'OPEN',
ADD COLUMN     "strategy" "SyncStrategy",
ADD COLUMN     "targetId" UUID,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "wrapped" BYTEA;

-- CreateTable
CREATE TABLE "SyncCopy" (
    "issueId" UUID NOT NULL,
    "side" "SyncSide" NOT NULL,
    "format" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "vector" JSONB NOT NULL,
    "bytes" INTEGER NOT NULL,
    "sealed" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncCopy_pkey" PRIMARY KEY ("issueId","side")
);

-- CreateTable
CREATE TABLE "SyncInstruction" (
    "id" UUID NOT NULL,
    "issueId" UUID NOT NULL,
    "clientId" UUID NOT NULL,
    "round" INTEGER NOT NULL,
    "kind" "SyncInstructionKind" NOT NULL,
    "state" "SyncInstructionState" NOT NULL DEFAULT 'WAITING',
    "side" "SyncSide",
    "vector" JSONB,
    "expectedHash" TEXT,
    "operation" INTEGER,
    "settlesAs" "SyncSettled",
    "keys" TEXT[],
    "reason" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "answeredAt" TIMESTAMPTZ(3),
    "detail" TEXT,

    CONSTRAINT "SyncInstruction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SyncIssueChange" (
    "id" UUID NOT NULL,
    "issueId" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "action" "SyncIssueAction" NOT NULL,
    "state" "SyncIssueState" NOT NULL,
    "strategy" "SyncStrategy",
    "actorId" UUID,
    "operationId" UUID,
    "inputHash" BYTEA,
    "detail" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncIssueChange_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SyncClient" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "platform" "ReportPlatform" NOT NULL,
    "isAuthority" BOOLEAN NOT NULL DEFAULT false,
    "tokenHash" BYTEA,
    "participantId" UUID,
    "health" "SyncHealth" NOT NULL DEFAULT 'HEALTHY',
    "isOnline" BOOLEAN NOT NULL DEFAULT true,
    "sampledAt" TIMESTAMPTZ(3) NOT NULL,
    "latest" JSONB NOT NULL,
    "worst" JSONB NOT NULL,
    "queueDepth" INTEGER NOT NULL DEFAULT 0,
    "headSince" TIMESTAMPTZ(3),
    "attemptedAt" TIMESTAMPTZ(3),
    "retryIntervalMs" INTEGER,
    "stall" "SyncStall",
    "stalledAt" TIMESTAMPTZ(3),
    "agreedAt" TIMESTAMPTZ(3),
    "lastReportId" UUID,
    "lastAnswer" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncClient_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SyncSequence" (
    "clientId" UUID NOT NULL,
    "stream" TEXT NOT NULL,
    "issued" INTEGER,
    "pendingFrom" INTEGER,
    "applied" INTEGER NOT NULL DEFAULT 0,
    "waiting" INTEGER[],
    "issuedCheckpoint" TEXT,
    "appliedCheckpoint" TEXT,
    "progressedAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncSequence_pkey" PRIMARY KEY ("clientId","stream")
);

-- CreateTable
CREATE TABLE "SyncDigest" (
    "clientId" UUID NOT NULL,
    "entityType" TEXT NOT NULL,
    "entityId" TEXT NOT NULL,
    "checkpoint" TEXT NOT NULL,
    "projectId" UUID NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,
    "isQueueEmpty" BOOLEAN NOT NULL,
    "count" INTEGER NOT NULL,
    "sum" TEXT NOT NULL,
    "nodes" JSONB NOT NULL,
    "leaves" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncDigest_pkey" PRIMARY KEY ("clientId","entityType","entityId","checkpoint")
);

-- CreateTable
CREATE TABLE "SyncPair" (
    "projectId" UUID NOT NULL,
    "entityType" TEXT NOT NULL,
    "entityId" TEXT NOT NULL,
    "a" UUID NOT NULL,
    "b" UUID NOT NULL,
    "streak" INTEGER NOT NULL,
    "seenA" TIMESTAMPTZ(3) NOT NULL,
    "seenB" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncPair_pkey" PRIMARY KEY ("projectId","entityType","entityId","a","b")
);

-- CreateTable
CREATE TABLE "SyncVersion" (
    "clientId" UUID NOT NULL,
    "entityType" TEXT NOT NULL,
    "entityId" TEXT NOT NULL,
    "projectId" UUID NOT NULL,
    "vector" JSONB NOT NULL,
    "hash" TEXT NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SyncVersion_pkey" PRIMARY KEY ("clientId","entityType","entityId")
);

-- CreateIndex
CREATE INDEX "SyncInstruction_clientId_state_id_idx" ON "SyncInstruction"("clientId", "state", "id");

-- CreateIndex
CREATE INDEX "SyncInstruction_issueId_idx" ON "SyncInstruction"("issueId");

-- CreateIndex
CREATE INDEX "SyncIssueChange_issueId_version_idx" ON "SyncIssueChange"("issueId", "version");

-- CreateIndex
CREATE UNIQUE INDEX "SyncIssueChange_issueId_operationId_key" ON "SyncIssueChange"("issueId", "operationId");

-- CreateIndex
CREATE INDEX "SyncClient_projectId_createdAt_id_idx" ON "SyncClient"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "SyncClient_isOnline_queueDepth_idx" ON "SyncClient"("isOnline", "queueDepth");

-- CreateIndex
CREATE INDEX "SyncClient_lastSeenAt_idx" ON "SyncClient"("lastSeenAt");

-- CreateIndex
CREATE INDEX "SyncSequence_progressedAt_idx" ON "SyncSequence"("progressedAt");

-- CreateIndex
CREATE INDEX "SyncDigest_projectId_entityType_entityId_checkpoint_idx" ON "SyncDigest"("projectId", "entityType", "entityId", "checkpoint");

-- CreateIndex
CREATE INDEX "SyncDigest_createdAt_idx" ON "SyncDigest"("createdAt");

-- CreateIndex
CREATE INDEX "SyncPair_updatedAt_idx" ON "SyncPair"("updatedAt");

-- CreateIndex
CREATE INDEX "SyncVersion_projectId_entityType_entityId_idx" ON "SyncVersion"("projectId", "entityType", "entityId");

-- CreateIndex
CREATE INDEX "SyncVersion_updatedAt_idx" ON "SyncVersion"("updatedAt");

-- CreateIndex
CREATE INDEX "SyncIssue_projectId_entityType_entityId_state_idx" ON "SyncIssue"("projectId", "entityType", "entityId", "state");

-- CreateIndex
CREATE INDEX "SyncIssue_sourceId_state_idx" ON "SyncIssue"("sourceId", "state");

-- CreateIndex
CREATE UNIQUE INDEX "SyncIssue_projectId_type_entityType_entityId_between_key" ON "SyncIssue"("projectId", "type", "entityType", "entityId", "between");

-- AddForeignKey
ALTER TABLE "SyncIssue" ADD CONSTRAINT "SyncIssue_sourceId_fkey" FOREIGN KEY ("sourceId") REFERENCES "SyncClient"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SyncCopy" ADD CONSTRAINT "SyncCopy_issueId_fkey" FOREIGN KEY ("issueId") REFERENCES "SyncIssue"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SyncInstruction" ADD CONSTRAINT "SyncInstruction_issueId_fkey" FOREIGN KEY ("issueId") REFERENCES "SyncIssue"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SyncInstruction" ADD CONSTRAINT "SyncInstruction_clientId_fkey" FOREIGN KEY ("clientId") REFERENCES "SyncClient"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SyncIssueChange" ADD CONSTRAINT "SyncIssueChange_issueId_fkey" FOREIGN KEY ("issueId") REFERENCES "SyncIssue"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SyncSequence" ADD CONSTRAINT "SyncSequence_clientId_fkey" FOREIGN KEY ("clientId") REFERENCES "SyncClient"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SyncDigest" ADD CONSTRAINT "SyncDigest_clientId_fkey" FOREIGN KEY ("clientId") REFERENCES "SyncClient"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SyncVersion" ADD CONSTRAINT "SyncVersion_clientId_fkey" FOREIGN KEY ("clientId") REFERENCES "SyncClient"("id") ON DELETE CASCADE ON UPDATE CASCADE;
