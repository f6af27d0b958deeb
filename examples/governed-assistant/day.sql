-- A day with two agents.
\set SHOW_CONTEXT never

-- The clerk is supervised and may write.
SET ROLE clerk;
SELECT assistant.create('work.errands', '{"errand": "Call the printer", "due": "2026-06-02",
                        "effort": 2, "state": "open"}', E'## Why\nThe flyers are late.') IS NOT NULL AS made;
SELECT assistant.create('work.errands', '{"errand": "Book the hall", "effort": 5, "state": "open"}')
       AS hall \gset
SELECT assistant.update('work.errands', :'hall', '{"state": "done", "due": "2026-06-01"}');
SELECT assistant.append(:'hall', '- the small one, until ten') > 0 AS queued;

-- The scout is new: it may look.
SET ROLE scout;
SELECT * FROM assistant.data_sources();
SELECT * FROM assistant.describe('work.errands');
SELECT * FROM assistant.search('hall');
SELECT * FROM assistant.query('work.errands', '{"state": "open"}');

-- It may not write, and there is no way around the tools.
SELECT assistant.create('work.errands', '{"errand": "Buy a boat"}');
INSERT INTO work.errands (errand) VALUES ('Buy a boat');
SELECT notion.api('acme', 'GET', '/v1/users/me');
SELECT * FROM notion.search('acme', 'hall');
DELETE FROM assistant.calls;
SELECT * FROM assistant.query('pg_authid');

-- What was appended was sent by the worker, after the commit.
RESET ROLE;
DO $$ BEGIN
    WHILE EXISTS (SELECT FROM notion.appends WHERE state <> 'done') LOOP
        COMMIT; PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SET ROLE scout;
SELECT * FROM assistant.read('work.errands', :'hall');
RESET ROLE;

-- Who did what: every call, reads included. Refused calls did nothing, and are in the server's log.
SELECT actor, tool, arguments - 'page' AS arguments FROM assistant.calls ORDER BY id;

-- What left for Notion by notion.api and notion.append stands in the extension's own log as well.
SELECT action, split_part(actor, ' ', 1) IS NOT NULL AS has_actor FROM notion.log ORDER BY id;

-- Local-only mode (ALTER SYSTEM SET notion.local_only = on): nothing leaves the machine. A stand-in
-- for Notion on this machine may be asked; Notion itself may not.
SHOW notion.local_only;
CREATE SERVER cloud FOREIGN DATA WRAPPER notion_fdw;
CREATE USER MAPPING FOR CURRENT_USER SERVER cloud OPTIONS (token 'ntn_of_nobody');
SELECT * FROM notion.search('cloud', 'hall');
DROP USER MAPPING FOR CURRENT_USER SERVER cloud;
DROP SERVER cloud;
