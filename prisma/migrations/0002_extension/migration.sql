-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "consentId" UUID,
ADD COLUMN     "coverage" JSONB;

-- CreateTable
CREATE TABLE "Consent" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "participantId" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "textSha256" BYTEA NOT NULL,
    "locale" TEXT NOT NULL,
    "acceptedAt" TIMESTAMPTZ(3) NOT NULL,
    "recordedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "withdrawnAt" TIMESTAMPTZ(3),

    CONSTRAINT "Consent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AudioClip" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "durationMs" INTEGER NOT NULL,
    "mimeType" TEXT NOT NULL,
    "originalBytes" INTEGER NOT NULL,
    "storedBytes" INTEGER,
    "sha256" BYTEA NOT NULL,
    "upload" "UploadState" NOT NULL DEFAULT 'PENDING',
    "problem" TEXT,
    "objectKey" TEXT,
    "uploadedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AudioClip_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "CaptureHealth" (
    "sessionId" UUID NOT NULL,
    "sampledAt" TIMESTAMPTZ(3) NOT NULL,
    "queueDepth" INTEGER NOT NULL,
    "oldestAgeMs" INTEGER,
    "attempts" INTEGER NOT NULL,
    "lastError" TEXT,
    "restarts" INTEGER NOT NULL,
    "storedBytes" BIGINT NOT NULL,
    "quotaBytes" BIGINT,
    "maxQueueDepth" INTEGER NOT NULL,
    "maxOldestAgeMs" INTEGER,
    "maxAttempts" INTEGER NOT NULL,
    "maxRestarts" INTEGER NOT NULL,
    "maxStoredBytes" BIGINT NOT NULL,
    "reportedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "CaptureHealth_pkey" PRIMARY KEY ("sessionId")
);

-- CreateIndex
CREATE INDEX "Consent_participantId_recordedAt_id_idx" ON "Consent"("participantId", "recordedAt", "id");

-- CreateIndex
CREATE INDEX "Consent_projectId_idx" ON "Consent"("projectId");

-- CreateIndex
CREATE INDEX "AudioClip_sessionId_startedAt_id_idx" ON "AudioClip"("sessionId", "startedAt", "id");

-- CreateIndex
CREATE INDEX "Session_consentId_idx" ON "Session"("consentId");

-- AddForeignKey
ALTER TABLE "Consent" ADD CONSTRAINT "Consent_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Consent" ADD CONSTRAINT "Consent_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_consentId_fkey" FOREIGN KEY ("consentId") REFERENCES "Consent"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AudioClip" ADD CONSTRAINT "AudioClip_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "CaptureHealth" ADD CONSTRAINT "CaptureHealth_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
