-- CreateEnum
CREATE TYPE "Contestant" AS ENUM ('MODEL', 'MAJORITY', 'RANDOM');

-- CreateEnum
CREATE TYPE "EvaluationState" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "DeploymentState" AS ENUM ('CANARY', 'LIVE', 'REPLACED', 'ROLLED_BACK');

-- CreateEnum
CREATE TYPE "DataRequestState" AS ENUM ('OPEN', 'FULFILLED', 'SUPERSEDED');

-- CreateTable
CREATE TABLE "Evaluation" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "contestant" "Contestant" NOT NULL,
    "modelId" UUID,
    "name" TEXT NOT NULL,
    "state" "EvaluationState" NOT NULL DEFAULT 'QUEUED',
    "seed" TEXT NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "inputHash" BYTEA NOT NULL,
    "steps" INTEGER,
    "answered" INTEGER NOT NULL DEFAULT 0,
    "message" TEXT,
    "error" TEXT,
    "measures" JSONB,
    "costUsd" DOUBLE PRECISION,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Evaluation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EvaluationResult" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "evaluationId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "site" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "predictedOperation" TEXT,
    "isElementRight" BOOLEAN NOT NULL,
    "isOperationRight" BOOLEAN NOT NULL,
    "operationF1" REAL NOT NULL,
    "isStepRight" BOOLEAN NOT NULL,
    "place" INTEGER,
    "confidence" REAL,
    "candidates" INTEGER NOT NULL,
    "latencyMs" INTEGER NOT NULL,
    "costUsd" DOUBLE PRECISION,
    "sealed" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "EvaluationResult_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Deployment" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "modelId" UUID NOT NULL,
    "evaluationId" UUID NOT NULL,
    "state" "DeploymentState" NOT NULL,
    "share" REAL NOT NULL,
    "previousId" UUID,
    "gate" JSONB NOT NULL,
    "expectedSuccess" DOUBLE PRECISION NOT NULL,
    "reason" TEXT,
    "outcomes" INTEGER NOT NULL DEFAULT 0,
    "successes" INTEGER NOT NULL DEFAULT 0,
    "inputHash" BYTEA NOT NULL,
    "generation" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "liveAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Deployment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DeploymentOperation" (
    "deploymentId" UUID NOT NULL,
    "operationId" UUID NOT NULL,
    "inputHash" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DeploymentOperation_pkey" PRIMARY KEY ("deploymentId","operationId")
);

-- CreateTable
CREATE TABLE "Prediction" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "deploymentId" UUID NOT NULL,
    "site" TEXT NOT NULL,
    "operation" TEXT,
    "confidence" REAL,
    "candidates" INTEGER NOT NULL,
    "latencyMs" INTEGER NOT NULL,
    "costUsd" DOUBLE PRECISION,
    "sealed" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Prediction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Outcome" (
    "predictionId" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "deploymentId" UUID NOT NULL,
    "site" TEXT NOT NULL,
    "operation" TEXT,
    "succeeded" BOOLEAN NOT NULL,
    "sealed" BYTEA,
    "reportedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Outcome_pkey" PRIMARY KEY ("predictionId")
);

-- CreateTable
CREATE TABLE "DataRequest" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "evaluationId" UUID NOT NULL,
    "site" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "place" TEXT,
    "state" "DataRequestState" NOT NULL DEFAULT 'OPEN',
    "sessions" INTEGER NOT NULL,
    "expectedPoints" DOUBLE PRECISION NOT NULL,
    "measured" DOUBLE PRECISION NOT NULL,
    "low" DOUBLE PRECISION NOT NULL,
    "high" DOUBLE PRECISION NOT NULL,
    "steps" INTEGER NOT NULL,
    "method" TEXT NOT NULL,
    "curve" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closedAt" TIMESTAMPTZ(3),

    CONSTRAINT "DataRequest_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Evaluation_projectId_createdAt_id_idx" ON "Evaluation"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Evaluation_datasetId_createdAt_idx" ON "Evaluation"("datasetId", "createdAt");

-- CreateIndex
CREATE INDEX "Evaluation_modelId_createdAt_idx" ON "Evaluation"("modelId", "createdAt");

-- CreateIndex
CREATE INDEX "EvaluationResult_evaluationId_isStepRight_sessionId_sequenc_idx" ON "EvaluationResult"("evaluationId", "isStepRight", "sessionId", "sequence");

-- CreateIndex
CREATE INDEX "EvaluationResult_sessionId_idx" ON "EvaluationResult"("sessionId");

-- CreateIndex
CREATE UNIQUE INDEX "EvaluationResult_evaluationId_sessionId_sequence_key" ON "EvaluationResult"("evaluationId", "sessionId", "sequence");

-- CreateIndex
CREATE INDEX "Deployment_projectId_createdAt_id_idx" ON "Deployment"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Deployment_projectId_state_idx" ON "Deployment"("projectId", "state");

-- CreateIndex
CREATE INDEX "Prediction_projectId_createdAt_id_idx" ON "Prediction"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Prediction_deploymentId_createdAt_id_idx" ON "Prediction"("deploymentId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Outcome_projectId_reportedAt_predictionId_idx" ON "Outcome"("projectId", "reportedAt", "predictionId");

-- CreateIndex
CREATE INDEX "Outcome_deploymentId_idx" ON "Outcome"("deploymentId");

-- CreateIndex
CREATE INDEX "DataRequest_projectId_state_createdAt_id_idx" ON "DataRequest"("projectId", "state", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "DataRequest_evaluationId_site_operation_key" ON "DataRequest"("evaluationId", "site", "operation");

-- AddForeignKey
ALTER TABLE "Evaluation" ADD CONSTRAINT "Evaluation_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Evaluation" ADD CONSTRAINT "Evaluation_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Evaluation" ADD CONSTRAINT "Evaluation_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EvaluationResult" ADD CONSTRAINT "EvaluationResult_evaluationId_fkey" FOREIGN KEY ("evaluationId") REFERENCES "Evaluation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_evaluationId_fkey" FOREIGN KEY ("evaluationId") REFERENCES "Evaluation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_previousId_fkey" FOREIGN KEY ("previousId") REFERENCES "Deployment"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DeploymentOperation" ADD CONSTRAINT "DeploymentOperation_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Prediction" ADD CONSTRAINT "Prediction_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Outcome" ADD CONSTRAINT "Outcome_predictionId_fkey" FOREIGN KEY ("predictionId") REFERENCES "Prediction"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DataRequest" ADD CONSTRAINT "DataRequest_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DataRequest" ADD CONSTRAINT "DataRequest_evaluationId_fkey" FOREIGN KEY ("evaluationId") REFERENCES "Evaluation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
