-- For the time that resolutions took; only people resolve, so that no report writes it.
CREATE INDEX "ErrorIssueChange_at_idx" ON "ErrorIssueChange"("at") WHERE ("state" = 'RESOLVED');
