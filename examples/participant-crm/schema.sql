-- The application's own tables: nothing in here knows of Notion.

CREATE TYPE risk_level AS ENUM ('low', 'medium', 'high');

CREATE TABLE participants (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text,
    plan_manager text CHECK (plan_manager IN ('self', 'agency', 'plan manager')),
    goals text[] NOT NULL DEFAULT '{}',
    joined date,
    active boolean NOT NULL DEFAULT true,
    ndis_number text,                   -- stays here: see setup.sql
    diagnosis text                      -- likewise
);
COMMENT ON TABLE participants IS 'People whom we support';
COMMENT ON COLUMN participants.plan_manager IS 'Who pays the bills';

CREATE TABLE support_plans (
    id integer PRIMARY KEY,
    title text NOT NULL,
    participant_id integer NOT NULL REFERENCES participants,
    budget numeric(10, 2),
    starts date,
    ends date
);
CREATE TABLE care_plans (
    id integer PRIMARY KEY,
    title text NOT NULL,
    participant_id integer NOT NULL REFERENCES participants,
    support_plan_id integer REFERENCES support_plans,
    review_on date
);
CREATE TABLE incidents (
    id integer PRIMARY KEY,
    summary text NOT NULL,
    participant_id integer REFERENCES participants,
    severity risk_level NOT NULL,
    happened_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'investigating', 'closed'))
);
CREATE TABLE complaints (
    id integer PRIMARY KEY,
    summary text NOT NULL,
    participant_id integer REFERENCES participants,
    incident_id integer REFERENCES incidents,
    received date NOT NULL,
    resolved boolean NOT NULL DEFAULT false
);
CREATE TABLE risks (
    id integer PRIMARY KEY,
    risk text NOT NULL,
    participant_id integer REFERENCES participants,
    level risk_level NOT NULL,
    measures text
);
CREATE TABLE payments (
    id integer PRIMARY KEY,
    reference text NOT NULL UNIQUE,
    support_plan_id integer REFERENCES support_plans,
    amount numeric(10, 2) NOT NULL,
    paid_on date
);

INSERT INTO participants (id, name, email, plan_manager, goals, joined, ndis_number, diagnosis) VALUES
    (1, 'Alex Moreno', 'alex@participants.example', 'self', '{work,swimming}', '2024-03-01', '430 111 222', 'private'),
    (2, 'Billie Tran', 'billie@participants.example', 'agency', '{cooking}', '2025-01-15', '430 333 444', 'private'),
    (3, 'Casey Ngata', NULL, 'plan manager', '{}', '2025-09-30', '430 555 666', 'private');
INSERT INTO support_plans VALUES
    (10, 'Alex: work and water', 1, 18500, '2026-01-01', '2026-12-31'),
    (11, 'Billie at home', 2, 9200.50, '2026-01-01', '2026-12-31');
INSERT INTO care_plans VALUES (20, 'Alex: pool safety', 1, 10, '2026-06-30');
INSERT INTO incidents VALUES (30, 'Fall at the pool', 1, 'medium', '2026-02-03 10:15Z', 'open');
INSERT INTO complaints VALUES (40, 'Bus was late, again', 2, NULL, '2026-02-10', false);
INSERT INTO risks VALUES (50, 'Slips on wet floors', 1, 'high', 'Shoes; a second carer');
INSERT INTO payments VALUES (60, 'PAY-0001', 10, 1200, '2026-02-01');
