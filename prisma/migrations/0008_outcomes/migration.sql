-- Examples of outcomes lived under the key of their deployment; from here on each is a session of its own. Those
-- from before are dropped: they were in no dataset.
-- CreateEnum
CREATE TYPE "SessionSource" AS ENUM ('RECORDED', 'OUTCOME');

-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "source" "SessionSource" NOT NULL DEFAULT 'RECORDED';

-- AlterTable
ALTER TABLE "DatasetMember" ADD COLUMN     "source" "SessionSource" NOT NULL DEFAULT 'RECORDED';

-- AlterTable
ALTER TABLE "Outcome" DROP COLUMN "sealed",
ADD COLUMN     "sessionId" UUID;

-- CreateIndex
CREATE UNIQUE INDEX "Outcome_sessionId_key" ON "Outcome"("sessionId");

-- AddForeignKey
ALTER TABLE "Outcome" ADD CONSTRAINT "Outcome_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE SET NULL ON UPDATE CASCADE;
