-- CreateEnum
CREATE TYPE "ChannelKind" AS ENUM ('SLACK', 'DISCORD', 'WEBHOOK');

-- CreateEnum
CREATE TYPE "AlertTrigger" AS ENUM ('ISSUE_NEW', 'ISSUE_REGRESSED', 'ISSUE_ESCALATING', 'COUNT_OVER', 'USERS_OVER', 'CHANGE_OVER', 'CONTRACT_BROKEN', 'SYNC_DIVERGED', 'QUEUE_STALLED', 'HEALTH', 'COST', 'QUALITY');

-- CreateEnum
CREATE TYPE "AlertState" AS ENUM ('OPEN', 'RESOLVED');

-- CreateEnum
CREATE TYPE "DeliveryKind" AS ENUM ('ALERT', 'FOLLOW_UP', 'DIGEST', 'TEST');

-- CreateEnum
CREATE TYPE "DeliveryState" AS ENUM ('PENDING', 'HELD', 'SENT', 'DEAD');

-- CreateTable
CREATE TABLE "ProjectKey" (
    "projectId" UUID NOT NULL,
    "generation" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ProjectKey_pkey" PRIMARY KEY ("projectId")
);

-- CreateTable
CREATE TABLE "Channel" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "kind" "ChannelKind" NOT NULL,
    "name" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "offReason" TEXT,
    "pausedUntil" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Channel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AlertRule" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "trigger" "AlertTrigger" NOT NULL,
    "threshold" DOUBLE PRECISION,
    "windowSeconds" INTEGER,
    "sessions" INTEGER,
    "minSeverity" "ReportSeverity",
    "categories" "ReportCategory"[],
    "sources" TEXT[],
    "tags" JSONB NOT NULL DEFAULT '[]',
    "minAgeSeconds" INTEGER,
    "maxAgeSeconds" INTEGER,
    "channelIds" UUID[],
    "intervalSeconds" INTEGER NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AlertRule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AlertWatch" (
    "ruleId" UUID NOT NULL,
    "subjectId" TEXT NOT NULL,
    "counts" INTEGER[],
    "sliceAt" TIMESTAMPTZ(3),
    "isOver" BOOLEAN NOT NULL DEFAULT false,
    "firedAt" TIMESTAMPTZ(3),
    "touchedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AlertWatch_pkey" PRIMARY KEY ("ruleId","subjectId")
);

-- CreateTable
CREATE TABLE "AlertCap" (
    "ruleId" UUID NOT NULL,
    "channelId" UUID NOT NULL,
    "sentAt" TIMESTAMPTZ(3)[],
    "digestId" UUID,

    CONSTRAINT "AlertCap_pkey" PRIMARY KEY ("ruleId","channelId")
);

-- CreateTable
CREATE TABLE "Alert" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "ruleId" UUID,
    "ruleName" TEXT NOT NULL,
    "trigger" "AlertTrigger" NOT NULL,
    "state" "AlertState" NOT NULL DEFAULT 'OPEN',
    "subjectId" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "severity" "ReportSeverity" NOT NULL,
    "category" "ReportCategory",
    "source" TEXT,
    "correlationId" TEXT,
    "count" BIGINT,
    "users" INTEGER,
    "firstSeenAt" TIMESTAMPTZ(3),
    "lastSeenAt" TIMESTAMPTZ(3),
    "detail" JSONB NOT NULL DEFAULT '{}',
    "raisedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolvedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Alert_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Delivery" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "channelId" UUID NOT NULL,
    "kind" "DeliveryKind" NOT NULL,
    "state" "DeliveryState" NOT NULL,
    "alertId" UUID,
    "ruleId" UUID,
    "digestId" UUID,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lastStatus" INTEGER,
    "lastAnswer" TEXT,
    "dueAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sentAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Delivery_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Channel_projectId_createdAt_id_idx" ON "Channel"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "AlertRule_projectId_createdAt_id_idx" ON "AlertRule"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "AlertWatch_touchedAt_idx" ON "AlertWatch"("touchedAt");

-- CreateIndex
CREATE INDEX "AlertWatch_subjectId_idx" ON "AlertWatch"("subjectId");

-- CreateIndex
CREATE INDEX "Alert_projectId_raisedAt_id_idx" ON "Alert"("projectId", "raisedAt", "id");

-- CreateIndex
CREATE INDEX "Alert_projectId_subjectId_state_idx" ON "Alert"("projectId", "subjectId", "state");

-- CreateIndex
CREATE INDEX "Alert_ruleId_idx" ON "Alert"("ruleId");

-- CreateIndex
CREATE INDEX "Alert_raisedAt_idx" ON "Alert"("raisedAt");

-- CreateIndex
CREATE INDEX "Delivery_projectId_createdAt_id_idx" ON "Delivery"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Delivery_channelId_idx" ON "Delivery"("channelId");

-- CreateIndex
CREATE INDEX "Delivery_alertId_idx" ON "Delivery"("alertId");

-- CreateIndex
CREATE INDEX "Delivery_digestId_idx" ON "Delivery"("digestId");

-- CreateIndex
CREATE INDEX "Delivery_createdAt_idx" ON "Delivery"("createdAt");

-- AddForeignKey
ALTER TABLE "ProjectKey" ADD CONSTRAINT "ProjectKey_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Channel" ADD CONSTRAINT "Channel_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AlertRule" ADD CONSTRAINT "AlertRule_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AlertWatch" ADD CONSTRAINT "AlertWatch_ruleId_fkey" FOREIGN KEY ("ruleId") REFERENCES "AlertRule"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AlertCap" ADD CONSTRAINT "AlertCap_ruleId_fkey" FOREIGN KEY ("ruleId") REFERENCES "AlertRule"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Alert" ADD CONSTRAINT "Alert_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Alert" ADD CONSTRAINT "Alert_ruleId_fkey" FOREIGN KEY ("ruleId") REFERENCES "AlertRule"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Delivery" ADD CONSTRAINT "Delivery_channelId_fkey" FOREIGN KEY ("channelId") REFERENCES "Channel"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Delivery" ADD CONSTRAINT "Delivery_alertId_fkey" FOREIGN KEY ("alertId") REFERENCES "Alert"("id") ON DELETE CASCADE ON UPDATE CASCADE;
