-- A day at the support office.
\set SHOW_CONTEXT never

-- Seven databases, and the database knows their ids: nobody copies one by hand.
SELECT "table", title, state, data_source IS NOT NULL AS has_id FROM notion.published ORDER BY 1;
SELECT count(*) AS differences FROM notion.drift('crm');

-- A dry run of the first sync: what it would do, and what it costs.
SELECT action, key, changes FROM notion.plan('participants');

-- Nothing was sent so far. Now it is.
SELECT count(notion.sync(l.table_id)) AS syncs FROM notion.links l;
CALL notion.flush('participants');
CALL notion.flush('support_plans');
CALL notion.flush('care_plans');
CALL notion.flush('incidents');
CALL notion.flush('complaints');
CALL notion.flush('risks');
CALL notion.flush('payments');
SELECT link, direction, state, pages, queued, failures, open_conflicts FROM notion.status ORDER BY 1;
SELECT name, email, plan_manager, goals, joined FROM crm.participants ORDER BY id;

-- Foreign keys are relations, at both ends: ids of pages that nobody looks after.
SELECT i.summary, p.name AS participant FROM crm.incidents i
  JOIN crm.participants p ON p.page_id = i.participant_id[1];
SELECT name, cardinality(support_plans) AS plans, cardinality(risks) AS risks FROM crm.participants
 ORDER BY id;

-- Here to Notion: a case worker, with no right in Notion and none on links, updates a row.
SET ROLE case_worker;
UPDATE participants SET goals = '{work,swimming,driving}' WHERE id = 1;
INSERT INTO risks VALUES (51, 'Traffic', 1, 'medium', 'Lessons with an instructor');
SELECT notion.pause('participants');
RESET ROLE;
CALL notion.flush('participants');
CALL notion.flush('risks');
SELECT goals FROM ada.participants WHERE name = 'Alex Moreno';

-- Notion to here: Ada corrects an address and closes a complaint. The worker takes it up by itself,
-- with a webhook within a second; notion.sync asks it to look now.
UPDATE ada.participants SET email = 'casey@participants.example' WHERE name = 'Casey Ngata';
UPDATE ada.complaints SET resolved = true WHERE id = 40;
SELECT count(notion.sync(t)) AS syncs FROM unnest('{participants,complaints}'::regclass[]) t;
CALL notion.flush('participants');
CALL notion.flush('complaints');
SELECT p.email, c.resolved FROM participants p, complaints c WHERE p.id = 3 AND c.id = 40;

-- Both sides change one field: here status is settled by hand. The link is off for a moment, so
-- that neither sees the other.
SELECT notion.pause('incidents');
UPDATE incidents SET status = 'investigating' WHERE id = 30;
UPDATE ada.incidents SET status = 'closed' WHERE id = 30;
SELECT notion.resume('incidents');
SELECT count(notion.sync('incidents')) AS syncs;
CALL notion.flush('incidents');
SELECT l.table_id AS link, c.key, c.column_name, c.base, c.postgres, c.notion, c.rule
  FROM notion.conflicts c JOIN notion.links l ON l.id = c.link WHERE c.state = 'open';
SELECT notion.resolve(id, 'postgres') AS settled FROM notion.conflicts WHERE state = 'open';
CALL notion.flush('incidents');
SELECT i.status AS here, n.status AS notion FROM incidents i JOIN ada.incidents n USING (id);

-- One row again, by hand; the requests of all of this stay within the server's budget.
SELECT count(notion.sync('payments', key => '60')) AS syncs;
CALL notion.flush('payments');
SELECT option_value AS requests_a_minute FROM pg_foreign_server, pg_options_to_table(srvoptions)
 WHERE srvname = 'acme' AND option_name = 'budget_per_minute';

-- Each row: its page, its state, when it was last in step, its conflict.
SELECT r.link, r.key, r.state, r.page IS NOT NULL AS has_page, r.page_edited_at IS NOT NULL AS seen,
       coalesce(c.state, 'none') AS conflict
  FROM notion.rows r
  LEFT JOIN notion.links l ON l.table_id = r.link
  LEFT JOIN notion.conflicts c ON c.link = l.id AND c.key = r.key AND c.column_name = 'status'
 WHERE r.link IN ('incidents'::regclass, 'payments'::regclass) ORDER BY 1, 2;

-- Who changed this cell, from what to what, on which side.
SELECT side, action, was, became FROM notion.history('participants', '3', 'email');
SELECT DISTINCT side, action FROM notion.log WHERE action IN ('publish', 'update') ORDER BY side, action;

-- One switch for everything, and back.
SELECT notion.pause();
SELECT DISTINCT state FROM notion.status;
SELECT notion.resume();
SELECT DISTINCT state FROM notion.status;

-- The team lead sees that all is well, and no row.
SET ROLE team_lead;
SELECT what, level, state FROM notion.health WHERE what IN ('workers', 'server') AND name <> 'ada';
SELECT count(*) AS rows_seen FROM notion.rows;
RESET ROLE;

-- What a person asks to be forgotten is forgotten, in the log and the queue too.
DELETE FROM risks WHERE id = 51;
CALL notion.flush('risks');
SELECT notion.forget('risks', '51') IS NOT NULL AS forgotten;
