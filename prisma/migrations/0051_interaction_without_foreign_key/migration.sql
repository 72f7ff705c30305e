-- DropForeignKey
ALTER TABLE "Interaction" DROP CONSTRAINT "Interaction_sessionId_fkey";
