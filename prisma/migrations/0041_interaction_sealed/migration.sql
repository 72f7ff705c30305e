-- AlterTable
ALTER TABLE "Interaction" ADD COLUMN     "sealed" BYTEA;
