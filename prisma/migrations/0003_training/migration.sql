-- CreateEnum
CREATE TYPE "Trainer" AS ENUM ('LOCAL', 'OPENAI', 'EXTERNAL');

-- CreateEnum
CREATE TYPE "TrainingMethod" AS ENUM ('SUPERVISED', 'DPO');

-- CreateEnum
CREATE TYPE "TrainingState" AS ENUM ('QUEUED', 'PREFLIGHT', 'UPLOADING', 'RUNNING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "TrainingWish" AS ENUM ('RUN', 'PAUSE', 'CANCEL');

-- AlterTable
ALTER TABLE "Project" ADD COLUMN     "trainingBudgetUsd" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "TrainingJob" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "trainer" "Trainer" NOT NULL,
    "method" "TrainingMethod" NOT NULL,
    "state" "TrainingState" NOT NULL DEFAULT 'QUEUED',
    "wish" "TrainingWish" NOT NULL DEFAULT 'RUN',
    "baseModel" TEXT,
    "hyperparameters" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "seed" TEXT NOT NULL,
    "inputHash" BYTEA NOT NULL,
    "ruleId" UUID,
    "site" TEXT,
    "turn" INTEGER NOT NULL DEFAULT 0,
    "leaseId" UUID,
    "leaseUntil" TIMESTAMPTZ(3),
    "message" TEXT,
    "warnings" TEXT[],
    "errorCode" TEXT,
    "error" TEXT,
    "advice" TEXT,
    "progress" REAL NOT NULL DEFAULT 0,
    "remainingSeconds" INTEGER,
    "examples" INTEGER,
    "validationExamples" INTEGER,
    "estimatedCostUsd" DOUBLE PRECISION,
    "costUsd" DOUBLE PRECISION,
    "trainedTokens" BIGINT,
    "providerJobId" TEXT,
    "provider" JSONB NOT NULL DEFAULT '{}',
    "starts" INTEGER NOT NULL DEFAULT 0,
    "troubles" INTEGER NOT NULL DEFAULT 0,
    "generation" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "checkpointKey" TEXT,
    "bundleKey" TEXT,
    "bundleBytes" BIGINT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TrainingJob_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TrainingMetric" (
    "trainingJobId" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "step" INTEGER NOT NULL,
    "epoch" DOUBLE PRECISION,
    "trainLoss" DOUBLE PRECISION,
    "validationLoss" DOUBLE PRECISION,
    "trainAccuracy" DOUBLE PRECISION,
    "validationAccuracy" DOUBLE PRECISION,
    "checkpoint" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TrainingMetric_pkey" PRIMARY KEY ("trainingJobId","step")
);

-- CreateTable
CREATE TABLE "TrainingOperation" (
    "trainingJobId" UUID NOT NULL,
    "operationId" UUID NOT NULL,
    "inputHash" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TrainingOperation_pkey" PRIMARY KEY ("trainingJobId","operationId")
);

-- CreateTable
CREATE TABLE "TrainingRule" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "site" TEXT,
    "trainer" "Trainer" NOT NULL,
    "method" "TrainingMethod" NOT NULL,
    "baseModel" TEXT,
    "minNewSessions" INTEGER NOT NULL,
    "minScore" DOUBLE PRECISION NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "lastRefusal" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TrainingRule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Model" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "trainer" "Trainer" NOT NULL,
    "trainingJobId" UUID,
    "datasetId" UUID,
    "baseModel" TEXT,
    "providerModel" TEXT,
    "endpoint" TEXT,
    "secret" BYTEA,
    "objectKey" TEXT,
    "sha256" BYTEA,
    "inputPrice" DOUBLE PRECISION,
    "outputPrice" DOUBLE PRECISION,
    "metrics" JSONB,
    "generation" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Model_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "TrainingJob_projectId_createdAt_id_idx" ON "TrainingJob"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "TrainingJob_projectId_state_createdAt_id_idx" ON "TrainingJob"("projectId", "state", "createdAt", "id");

-- CreateIndex
CREATE INDEX "TrainingJob_datasetId_idx" ON "TrainingJob"("datasetId");

-- CreateIndex
CREATE INDEX "TrainingJob_ruleId_site_createdAt_idx" ON "TrainingJob"("ruleId", "site", "createdAt");

-- CreateIndex
CREATE INDEX "TrainingRule_projectId_createdAt_id_idx" ON "TrainingRule"("projectId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Model_trainingJobId_key" ON "Model"("trainingJobId");

-- CreateIndex
CREATE INDEX "Model_projectId_createdAt_id_idx" ON "Model"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Model_datasetId_idx" ON "Model"("datasetId");

-- AddForeignKey
ALTER TABLE "TrainingJob" ADD CONSTRAINT "TrainingJob_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TrainingJob" ADD CONSTRAINT "TrainingJob_ruleId_fkey" FOREIGN KEY ("ruleId") REFERENCES "TrainingRule"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TrainingMetric" ADD CONSTRAINT "TrainingMetric_trainingJobId_fkey" FOREIGN KEY ("trainingJobId") REFERENCES "TrainingJob"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TrainingOperation" ADD CONSTRAINT "TrainingOperation_trainingJobId_fkey" FOREIGN KEY ("trainingJobId") REFERENCES "TrainingJob"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TrainingRule" ADD CONSTRAINT "TrainingRule_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Model" ADD CONSTRAINT "Model_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Model" ADD CONSTRAINT "Model_trainingJobId_fkey" FOREIGN KEY ("trainingJobId") REFERENCES "TrainingJob"("id") ON DELETE SET NULL ON UPDATE CASCADE;
