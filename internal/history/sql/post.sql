-- Rows end of which the snapshot says nothing, where that means something.
UPDATE main._{ledger}_ver AS v
SET valid_to = :snapshot_id
WHERE {among}
  AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._{ledger}_new AS n WHERE {same})
  AND {ends};

-- Rows begin where none is open any more.
INSERT INTO main._{ledger}_ver ({all}, valid_from, valid_to)
SELECT {new.all}, :snapshot_id, 2147483647
FROM temp._{ledger}_new AS n
WHERE NOT EXISTS (SELECT 1 FROM main._{ledger}_ver AS v WHERE {same} AND v.valid_to = 2147483647)
ORDER BY {new.keys};
