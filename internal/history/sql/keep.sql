-- What was not read in whole keeps the values that were true before.
UPDATE temp._{ledger}_new AS n
SET
  {assignments}
FROM main._{ledger}_ver AS v
WHERE {same} AND v.valid_to = 2147483647
  AND (SELECT count(*) FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource IN ({resources})) < {count};
