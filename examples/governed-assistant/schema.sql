-- The rules of the house, without Notion: who may do what, and what is written down.

-- A new agent may read, a supervised one may write, too. (Roles are of all databases: made once.)
SELECT 'CREATE ROLE agent_reader' WHERE to_regrole('agent_reader') IS NULL \gexec
SELECT 'CREATE ROLE agent_writer IN ROLE agent_reader' WHERE to_regrole('agent_writer') IS NULL \gexec
SELECT 'CREATE ROLE scout IN ROLE agent_reader' WHERE to_regrole('scout') IS NULL \gexec
SELECT 'CREATE ROLE clerk IN ROLE agent_writer' WHERE to_regrole('clerk') IS NULL \gexec

CREATE SCHEMA assistant;
GRANT USAGE ON SCHEMA assistant TO agent_reader;

-- Every call, reads included. Agents can neither write here but through the tools, nor read it.
CREATE TABLE assistant.calls (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor name NOT NULL,
    tool text NOT NULL,
    arguments jsonb NOT NULL
);
