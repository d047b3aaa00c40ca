-- Up Migration

-- What the harness keeps, in rows that are written once and never changed: a later row says what an earlier one no longer
-- says. `n` counts from 1 under each key, and the primary key decides which of two writers was first.

CREATE TABLE harness.entries (
  key uuid NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  line text NOT NULL,
  PRIMARY KEY (key, n)
);
COMMENT ON TABLE harness.entries IS 'the audit trail: key is the chain, a line the exact text of an entry';

-- C4.I2 as a constraint: an action that was emitted is emitted by nobody else, whatever a lost lock may do.
CREATE TABLE harness.emissions (
  action_id text COLLATE "C" PRIMARY KEY
);
COMMENT ON TABLE harness.emissions IS 'actions on record as emitted, each once; the trail tells by whom';

CREATE TABLE harness.claims (
  key uuid NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  line text NOT NULL,
  PRIMARY KEY (key, n)
);
COMMENT ON TABLE harness.claims IS 'which cycle and run claimed which action; key is the emitting task';

CREATE TABLE harness.effects (
  key text COLLATE "C" NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  line text NOT NULL,
  PRIMARY KEY (key, n)
);
COMMENT ON TABLE harness.effects IS 'who may perform effects, what was begun, and each receipt; key is cycle/task';

CREATE TABLE harness.violations (
  key text COLLATE "C" NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  line text NOT NULL,
  PRIMARY KEY (key, n)
);
COMMENT ON TABLE harness.violations IS 'violations noted against skills';

CREATE TABLE harness.registry (
  key text COLLATE "C" NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  line text NOT NULL,
  PRIMARY KEY (key, n)
);
COMMENT ON TABLE harness.registry IS 'published snapshots of the skill registry, each a document by its hash; the last is in force';

CREATE TABLE harness.cycles (
  key uuid NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  line text NOT NULL,
  workflow_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (key, n)
);
CREATE INDEX cycles_by_workflow ON harness.cycles (workflow_id);
COMMENT ON TABLE harness.cycles IS 'how each cycle was started; the last line counts';

CREATE TABLE harness.results (
  key uuid NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  line text,
  PRIMARY KEY (key, n)
);
COMMENT ON TABLE harness.results IS 'the result of each cycle; the last line counts, none: the cycle is run again';

CREATE TABLE harness.documents (
  hash bytea NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  bytes bytea NOT NULL,
  PRIMARY KEY (hash, n),
  CONSTRAINT documents_hash_to_their_name CHECK (sha256(bytes) = hash)
);
COMMENT ON TABLE harness.documents IS 'bundles, graphs, policies, long lists, by their SHA-256';

-- The second wall, behind the rights: who has all rights has to take it down first, and that is seen.
CREATE FUNCTION harness.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of %.% are never changed or removed', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.entries EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.emissions EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.claims EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.effects EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.violations EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.registry EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.cycles EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.results EXECUTE FUNCTION harness.refuse_change();
CREATE TRIGGER only_insert BEFORE UPDATE OR DELETE OR TRUNCATE ON harness.documents EXECUTE FUNCTION harness.refuse_change();
