-- Each of these was written anew with every report. A filter of issues reads the project's issues in their order
-- (30 ms for 100,000); what was kept for removal by age alone is removed through the key, project by project.
DROP INDEX "ErrorIssue_projectId_state_lastSeenAt_id_idx";
DROP INDEX "ErrorIssue_projectId_category_lastSeenAt_id_idx";
DROP INDEX "ErrorIssue_projectId_service_lastSeenAt_id_idx";
DROP INDEX "FingerprintUser_lastSeenAt_idx";
DROP INDEX "FingerprintHour_hour_idx";
DROP INDEX "ReportHour_hour_idx";
DROP INDEX "ReportUserHour_hour_idx";
DROP INDEX "ReportLedger_hour_idx";

-- Issues that time turns: few, and seldom those that most reports are of.
DROP INDEX "ErrorIssue_state_stateSince_idx";
CREATE INDEX "ErrorIssue_stateSince_idx" ON "ErrorIssue"("stateSince") WHERE ("state" IN ('NEW', 'REGRESSED', 'ESCALATING'));
CREATE INDEX "ErrorIssue_archivedUntilAt_idx" ON "ErrorIssue"("archivedUntilAt") WHERE ("archivedUntilAt" IS NOT NULL);

-- Reports of one instant are few: their order by id needs no place in the index.
DROP INDEX "ErrorEvent_fingerprintId_occurredAt_id_idx";
CREATE INDEX "ErrorEvent_fingerprintId_occurredAt_idx" ON "ErrorEvent"("fingerprintId", "occurredAt");
