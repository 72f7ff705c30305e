-- AlterTable
ALTER TABLE "DataRequest" ADD COLUMN     "expectedHigh" DOUBLE PRECISION NOT NULL DEFAULT 0,
ADD COLUMN     "expectedLow" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- What was promised before had no interval: it is what was said.
UPDATE "DataRequest" SET "expectedHigh" = "expectedPoints";
