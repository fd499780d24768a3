-- For each kind of states, whose name replaces KIND.
INSERT INTO temp._pairs (snapshot_id, old_id, kind, org_ref, ref, before, after)
SELECT :new_id, :old_id, 'KIND', p.org_ref, p.ref, p.before, p.after
FROM (
  SELECT
    t.org_ref AS org_ref,
    t.ref AS ref,
    (SELECT s.state FROM main._KIND_states AS s WHERE s.org_ref = t.org_ref AND s.ref = t.ref AND s.valid_from <= :old_id AND s.valid_to > :old_id) AS before,
    (SELECT s.state FROM main._KIND_states AS s WHERE s.org_ref = t.org_ref AND s.ref = t.ref AND s.valid_from <= :new_id AND s.valid_to > :new_id) AS after
  FROM (
    SELECT a.org_ref AS org_ref, a.ref AS ref
    FROM main._KIND_states AS a
    WHERE a.valid_from > :old_id AND a.valid_from <= :new_id
    UNION
    SELECT b.org_ref, b.ref
    FROM main._KIND_states AS b
    WHERE b.valid_to > :old_id AND b.valid_to <= :new_id
  ) AS t
) AS p
WHERE p.before IS NOT p.after;
