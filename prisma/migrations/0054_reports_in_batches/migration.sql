CREATE TABLE "ReportChunk" (
    "id" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL,
    "packed" BYTEA NOT NULL,

    CONSTRAINT "ReportChunk_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "ReportBatch" (
    "id" UUID NOT NULL,
    "summary" BYTEA NOT NULL,
    "repeats" INTEGER[],
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "countableAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ReportBatch_pkey" PRIMARY KEY ("id")
);

-- Bodies of before: each a chunk of its own, as plain JSON.
ALTER TABLE "ErrorEvent" ADD COLUMN "chunkId" UUID, ADD COLUMN "chunkIndex" SMALLINT;
UPDATE "ErrorEvent" SET "chunkId" = gen_random_uuid(), "chunkIndex" = 0 WHERE "report" IS NOT NULL;
INSERT INTO "ReportChunk" ("id", "projectId", "receivedAt", "packed")
SELECT "chunkId", "projectId", "receivedAt", convert_to('[' || "report"::text || ']', 'UTF8')
FROM "ErrorEvent" WHERE "chunkId" IS NOT NULL;
CREATE INDEX "ReportChunk_receivedAt_idx" ON "ReportChunk"("receivedAt");
ALTER TABLE "ErrorEvent" DROP COLUMN "report";

-- What is packed already, and what lives for a tenth of a second, is not packed once more.
ALTER TABLE "ReportChunk" ALTER COLUMN "packed" SET STORAGE EXTERNAL;
ALTER TABLE "ReportBatch" ALTER COLUMN "summary" SET STORAGE EXTERNAL;
