-- CreateTable
CREATE TABLE "DebugEvent" (
    "projectId" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "body" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DebugEvent_pkey" PRIMARY KEY ("projectId","sequence")
);

-- CreateIndex
CREATE INDEX "DebugEvent_createdAt_idx" ON "DebugEvent"("createdAt");
