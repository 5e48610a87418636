-- What the client half remembers of one output folder. Times are UTC ISO 8601 text; paths are the operating system's bytes.

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

-- What is asked, once for all the videos that are asked it.
CREATE TABLE IF NOT EXISTS recipes (
    id     TEXT PRIMARY KEY,
    scope  TEXT NOT NULL,
    recipe TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- With a rowid, because keys are hashes: rows that are saved together then lie together, on fewer pages a commit.
CREATE TABLE IF NOT EXISTS jobs (
    key            TEXT NOT NULL UNIQUE,
    content        TEXT NOT NULL,
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
    reasks         INTEGER NOT NULL DEFAULT 0,
    delivery       TEXT NOT NULL DEFAULT 'task', -- how the last submission left
    batch_id       TEXT,
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
) STRICT;

-- Of one state, sorted by rowid, for paging.
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);

-- The platform's answers, unparsed: what was paid for. `number` is the job's attempt; the last one is written.
CREATE TABLE IF NOT EXISTS answers (
    key     TEXT NOT NULL,
    number  INTEGER NOT NULL,
    task_id TEXT,
    raw     TEXT NOT NULL,
    PRIMARY KEY (key, number)
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
) STRICT;

CREATE INDEX IF NOT EXISTS sources_by_source ON sources (source, recipe_id);
CREATE INDEX IF NOT EXISTS sources_by_run ON sources (run_id, written);

-- Where the files of the images lie that recipes refer to by their content; one that is a URL needs no place.
CREATE TABLE IF NOT EXISTS pictures (
    content TEXT PRIMARY KEY,
    path    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each sink is accounted for: bytes beyond were appended just before a crash.
CREATE TABLE IF NOT EXISTS sinks (
    name  TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
