-- The rules of the house, without Notion: who may do what, and what is written down.

CREATE ROLE agent_reader;                               -- a new agent may read
CREATE ROLE agent_writer IN ROLE agent_reader;          -- a supervised one may write, too
CREATE ROLE scout IN ROLE agent_reader;
CREATE ROLE clerk IN ROLE agent_writer;

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
