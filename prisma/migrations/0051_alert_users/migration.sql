-- Users were counted for ever: a rule from before gets the longest window.
UPDATE "AlertRule" SET "windowSeconds" = 604800 WHERE "trigger" = 'USERS_OVER' AND "windowSeconds" IS NULL;

-- CreateTable
CREATE TABLE "AlertWatchUser" (
    "ruleId" UUID NOT NULL,
    "subjectId" TEXT NOT NULL,
    "userHash" BYTEA NOT NULL,
    "lastAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "AlertWatchUser_pkey" PRIMARY KEY ("ruleId","subjectId","userHash")
);

-- CreateIndex
CREATE INDEX "AlertWatchUser_ruleId_subjectId_lastAt_idx" ON "AlertWatchUser"("ruleId", "subjectId", "lastAt");

-- CreateIndex
CREATE INDEX "AlertWatchUser_lastAt_idx" ON "AlertWatchUser"("lastAt");

-- AddForeignKey
ALTER TABLE "AlertWatchUser" ADD CONSTRAINT "AlertWatchUser_ruleId_subjectId_fkey" FOREIGN KEY ("ruleId", "subjectId") REFERENCES "AlertWatch"("ruleId", "subjectId") ON DELETE CASCADE ON UPDATE CASCADE;
