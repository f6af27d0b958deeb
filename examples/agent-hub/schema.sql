-- The hub's model: sixteen tables, their types, and the two rules of the hub as triggers' functions.

CREATE SCHEMA hub;
SET search_path = hub, public;

CREATE TYPE agent_kind AS ENUM ('planner', 'worker', 'reviewer');
CREATE TYPE run_state AS ENUM ('waiting', 'running', 'done', 'failed');

CREATE TABLE business_entities (id integer PRIMARY KEY, name text NOT NULL, industry text,
    founded date, revenue numeric(14, 2), parent_id integer REFERENCES business_entities);
CREATE TABLE api_integrations (id integer PRIMARY KEY, name text NOT NULL, endpoint text,
    auth text CHECK (auth IN ('none', 'key', 'oauth')), secret_reference text,
    entity_id integer REFERENCES business_entities);
COMMENT ON COLUMN api_integrations.secret_reference IS 'Where the credential lies, never itself';
CREATE TABLE agents (id integer PRIMARY KEY, name text NOT NULL, kind agent_kind NOT NULL,
    skills text[] NOT NULL DEFAULT '{}', active boolean NOT NULL DEFAULT true,
    entity_id integer REFERENCES business_entities,
    integration_id integer REFERENCES api_integrations);
CREATE TABLE agent_patterns (id integer PRIMARY KEY, name text NOT NULL, message_format text,
    sender_id integer REFERENCES agents, receiver_id integer REFERENCES agents);
COMMENT ON TABLE agent_patterns IS 'Who talks to whom, and how';
CREATE TABLE data_transformations (id integer PRIMARY KEY, name text NOT NULL, rule text,
    integration_id integer REFERENCES api_integrations);
CREATE TABLE workflows (id integer PRIMARY KEY, name text NOT NULL, description text,
    schedule text CHECK (schedule IN ('hourly', 'daily', 'weekly', 'on demand')),
    owner_id integer REFERENCES agents, transformation_id integer REFERENCES data_transformations);
CREATE TABLE workflow_instances (id integer PRIMARY KEY, name text NOT NULL,
    workflow_id integer NOT NULL REFERENCES workflows, agent_id integer REFERENCES agents,
    state run_state NOT NULL DEFAULT 'waiting', progress double precision,
    started_at timestamptz, data jsonb);
CREATE TABLE use_cases (id integer PRIMARY KEY, name text NOT NULL, value text,
    workflow_id integer REFERENCES workflows, entity_id integer REFERENCES business_entities);
CREATE TABLE notification_templates (id integer PRIMARY KEY, name text NOT NULL, body text,
    channel text CHECK (channel IN ('mail', 'chat')), workflow_id integer REFERENCES workflows);
CREATE TABLE contacts (id integer PRIMARY KEY, name text NOT NULL, email text, phone text,
    entity_id integer REFERENCES business_entities);
CREATE TABLE tasks (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
    due date, done boolean NOT NULL DEFAULT false,
    instance_id integer REFERENCES workflow_instances, agent_id integer REFERENCES agents,
    after_id integer REFERENCES tasks);
CREATE TABLE communities (id integer PRIMARY KEY, name text NOT NULL, members integer,
    entity_id integer REFERENCES business_entities);
CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, price numeric(10, 2),
    entity_id integer REFERENCES business_entities);
CREATE TABLE campaigns (id integer PRIMARY KEY, name text NOT NULL, starts date, ends date,
    product_id integer REFERENCES products, community_id integer REFERENCES communities);
CREATE TABLE feedback (id integer PRIMARY KEY, summary text NOT NULL, stars smallint,
    contact_id integer REFERENCES contacts, product_id integer REFERENCES products);
CREATE TABLE rewards (id integer PRIMARY KEY, name text NOT NULL, points integer,
    contact_id integer REFERENCES contacts, campaign_id integer REFERENCES campaigns);

-- Each instance has a history, and a failed one becomes somebody's task.
CREATE TABLE history (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id integer NOT NULL REFERENCES workflow_instances, state run_state NOT NULL,
    agent text, action text NOT NULL, at timestamptz NOT NULL DEFAULT now(), data jsonb);

CREATE FUNCTION follow_instance() RETURNS trigger LANGUAGE plpgsql
    SET search_path = hub, pg_temp AS $$
BEGIN
    INSERT INTO history (instance_id, state, agent, action, data)
    VALUES (NEW.id, NEW.state, (SELECT a.name FROM agents a WHERE a.id = NEW.agent_id),
            CASE TG_OP WHEN 'INSERT' THEN 'created' ELSE 'moved on' END, NEW.data);
    IF NEW.state = 'failed' THEN
        INSERT INTO tasks (name, instance_id, agent_id)
        VALUES ('Look at ' || NEW.name, NEW.id, NEW.agent_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follow AFTER INSERT OR UPDATE OF state ON workflow_instances
    FOR EACH ROW EXECUTE FUNCTION follow_instance();

INSERT INTO business_entities VALUES (1, 'Fernhill Group', 'energy', '1998-05-01', 1200000, NULL),
    (2, 'Fernhill Solar', 'energy', '2015-02-11', 450000.50, 1);
INSERT INTO api_integrations VALUES (1, 'Meter readings', 'https://meters.example/api', 'key',
    'vault://meters/reader', 2);
INSERT INTO agents VALUES (1, 'Iris', 'planner', '{plans,reports}', true, 1, NULL),
    (2, 'Odo', 'worker', '{imports}', true, 2, 1);
INSERT INTO agent_patterns VALUES (1, 'Plan to work', 'json', 1, 2);
INSERT INTO data_transformations VALUES (1, 'Readings to days', 'sum by day', 1);
INSERT INTO workflows VALUES (1, 'Nightly import', 'Readings of the day', 'daily', 1, 1);
INSERT INTO contacts VALUES (1, 'Rosa Lind', 'rosa@fernhill.example', '+46 8 1234', 2);
