-- AlterTable
ALTER TABLE "FingerprintHour" ADD COLUMN     "projectId" UUID;

UPDATE "FingerprintHour" h SET "projectId" = f."projectId" FROM "Fingerprint" f WHERE f."id" = h."fingerprintId";

ALTER TABLE "FingerprintHour" ALTER COLUMN "projectId" SET NOT NULL;

-- CreateIndex
CREATE INDEX "ErrorEvent_projectId_occurredAt_idx" ON "ErrorEvent"("projectId", "occurredAt");

-- CreateIndex
CREATE INDEX "FingerprintHour_projectId_hour_idx" ON "FingerprintHour"("projectId", "hour");
