-- DropForeignKey
ALTER TABLE "Interaction" DROP CONSTRAINT "Interaction_chunkId_fkey";

