-- A ledger as version 1 wrote it: one job under way, one done.
CREATE TABLE IF NOT EXISTS meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Which content a file has, so that a second night does not read the archive again.
CREATE TABLE IF NOT EXISTS files (
    path       BLOB PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    content    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the platform holds, by content, within one account and base URL. Without an asset_id: an upload session under way.
CREATE TABLE IF NOT EXISTS assets (
    scope       TEXT NOT NULL,
    content     TEXT NOT NULL,
    upload      TEXT,
    asset_id    TEXT,
    duration_s  REAL,
    PRIMARY KEY (scope, content)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS jobs (
    key            TEXT PRIMARY KEY,
    content        TEXT NOT NULL,
    scope          TEXT NOT NULL,
    recipe         TEXT NOT NULL,
    recipe_id      TEXT NOT NULL,
    source         TEXT NOT NULL,
    path           BLOB,
    size_bytes     INTEGER,
    mtime_ns       INTEGER,
    state          TEXT NOT NULL,
    upload         TEXT,
    asset_id       TEXT,
    task_id        TEXT,
    submitted_at   TEXT,
    attempt        INTEGER NOT NULL DEFAULT 0,
    intent         INTEGER NOT NULL DEFAULT 0,
    reused_asset   INTEGER NOT NULL DEFAULT 0,
    duration_s     REAL,
    upload_bytes   INTEGER NOT NULL DEFAULT 0,
    upload_s       REAL NOT NULL DEFAULT 0,
    wait_s         REAL NOT NULL DEFAULT 0,
    requests       INTEGER NOT NULL DEFAULT 0,
    error          TEXT,
    code           TEXT,
    message        TEXT,
    failed_from    TEXT,
    run_id         TEXT NOT NULL,
    updated_at     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Of one state, sorted by key, for paging: a table without rowid adds its key to every index.
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);

-- The platform's answer, unparsed: what was paid for.
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    raw TEXT NOT NULL
) STRICT;

-- Every manifest row that asks for a job; each gets a line of its own in every sink.
CREATE TABLE IF NOT EXISTS sources (
    key        TEXT NOT NULL,
    source     TEXT NOT NULL,
    path       BLOB,
    recipe_id  TEXT NOT NULL,
    metadata   TEXT NOT NULL,
    written    INTEGER NOT NULL DEFAULT 0,
    pays       INTEGER NOT NULL DEFAULT 0, -- this line carries the job's cost; the others say that they reuse its answer
    stale      INTEGER NOT NULL DEFAULT 0, -- the file has other content by now
    cost_usd   REAL NOT NULL DEFAULT 0,
    run_id     TEXT NOT NULL,
    PRIMARY KEY (key, source)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS sources_by_source ON sources (source, recipe_id);
CREATE INDEX IF NOT EXISTS sources_by_run ON sources (run_id, written);

-- How far each sink is accounted for: bytes beyond were appended just before a crash.
CREATE TABLE IF NOT EXISTS sinks (
    name  TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;

INSERT INTO meta VALUES ('version', '1');
INSERT INTO jobs (key, content, scope, recipe, recipe_id, source, path, size_bytes, mtime_ns, state, asset_id, task_id, attempt, run_id, updated_at)
VALUES ('b2', 'blake3:02', 'local', '{"mode":"general","model":"pegasus1.5","prompt":"What?","scope":"local"}', 'r', '/v/2.mp4', CAST('/v/2.mp4' AS BLOB), 2, 2, 'written', 'asset-2', 'task-2', 1, 'run-1', '2026-11-23T01:00:00.000+00:00'),
       ('a1', 'blake3:01', 'local', '{"mode":"general","model":"pegasus1.5","prompt":"What?","scope":"local"}', 'r', '/v/1.mp4', CAST('/v/1.mp4' AS BLOB), 1, 1, 'submitted', 'asset-1', 'task-1', 1, 'run-1', '2026-11-23T02:00:00.000+00:00');
INSERT INTO answers VALUES ('b2', '{"paid": true}');
INSERT INTO assets VALUES ('local', 'blake3:02', NULL, 'asset-2', 4.0);
INSERT INTO sources VALUES ('b2', '/v/2.mp4', CAST('/v/2.mp4' AS BLOB), 'r', '{"shelf": "B"}', 1, 1, 0, 0.25, 'run-1'),
                           ('a1', '/v/1.mp4', CAST('/v/1.mp4' AS BLOB), 'r', '{}', 0, 0, 0, 0, 'run-1');
