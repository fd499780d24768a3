-- Rows end of which the snapshot says something else.
UPDATE main._{ledger}_ver AS v
SET valid_to = :snapshot_id
WHERE v.valid_to = 2147483647
  AND EXISTS (SELECT 1 FROM temp._{ledger}_new AS n WHERE {same} AND ({new.values}) IS NOT ({old.values}));
