-- AlterTable
ALTER TABLE "TrainingJob" ADD COLUMN     "pictures" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Model" ADD COLUMN     "pictures" BOOLEAN NOT NULL DEFAULT false;
