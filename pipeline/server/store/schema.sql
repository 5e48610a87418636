-- What the embedded platform remembers. Times are epoch seconds; JSON is stored as the text that answers carry.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE assets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    filename TEXT NOT NULL,
    filename_folded TEXT NOT NULL,
    file_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at REAL NOT NULL,
    user_metadata TEXT,
    url TEXT,
    received INTEGER NOT NULL,
    enable_hls INTEGER NOT NULL,
    enable_thumbnail INTEGER NOT NULL,
    size INTEGER,
    duration REAL,
    clock_start REAL,
    technical_metadata TEXT,
    error TEXT
);
CREATE INDEX assets_processing ON assets (seq) WHERE status = 'processing';

CREATE TABLE uploads (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    asset_id TEXT NOT NULL,
    status TEXT NOT NULL,
    total_size INTEGER NOT NULL,
    chunk_size INTEGER NOT NULL,
    total_chunks INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    expires_at REAL NOT NULL
);
CREATE INDEX uploads_active ON uploads (seq) WHERE status = 'active';

-- `started` and `stored` count transfers; `etag` is that of the last whole one, `reported_at` makes it final
CREATE TABLE chunks (
    upload_id TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    started INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    etag TEXT,
    reported_at REAL,
    updated_at REAL NOT NULL,
    PRIMARY KEY (upload_id, chunk)
) WITHOUT ROWID;

CREATE TABLE spent_urls (token TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    custom_id TEXT,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    asset_id TEXT,
    video_url TEXT,
    model TEXT NOT NULL,
    prompt TEXT NOT NULL,
    temperature REAL,
    max_tokens INTEGER,
    start_time REAL,
    end_time REAL,
    created_at REAL NOT NULL,
    completed_at REAL,
    duration REAL,
    error TEXT,
    result TEXT
);
CREATE INDEX tasks_status ON tasks (status, seq);
CREATE INDEX tasks_asset ON tasks (asset_id, seq);

CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    task_id TEXT NOT NULL,
    created_at REAL NOT NULL
) WITHOUT ROWID;

-- the books: every task ever created, deleted ones too
CREATE TABLE created_tasks (task_id TEXT PRIMARY KEY, custom_id TEXT) WITHOUT ROWID;
