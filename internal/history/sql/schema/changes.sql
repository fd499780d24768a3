-- What changed from one snapshot to the next. The same text, over temporary
-- tables of the same names as the views that it reads, compares two snapshots
-- that are far apart.

CREATE VIEW changes AS -- What is otherwise in a snapshot than in the one before it; ask for one snapshot_id. What a resource that was not complete could not tell is no change.
@file changes
;
