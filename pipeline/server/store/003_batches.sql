-- `ends_as` is decided by a cancelation or an expiry while items are unfinished, and becomes `status` with the last of them
CREATE TABLE batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    ends_as TEXT NOT NULL DEFAULT 'completed',
    analysis_mode TEXT NOT NULL,
    model TEXT NOT NULL,
    total_items INTEGER NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    ended_at REAL
);
CREATE INDEX batches_active ON batches (seq) WHERE ended_at IS NULL;
CREATE INDEX tasks_batch_status ON tasks (batch_id, status) WHERE batch_id IS NOT NULL;

-- one event for one address; `due_at` is empty where nothing is left to be tried
CREATE TABLE webhooks (
    event_id TEXT NOT NULL,
    url TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    due_at REAL,
    PRIMARY KEY (event_id, url)
);
CREATE INDEX webhooks_subject ON webhooks (subject);
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;

-- the books: a task that ends ready is one billed analysis, also after its deletion; more than 1 would be a bug
ALTER TABLE created_tasks ADD COLUMN billed INTEGER NOT NULL DEFAULT 0;
UPDATE created_tasks SET billed = 1 WHERE task_id IN (SELECT id FROM tasks WHERE status = 'ready');
CREATE TRIGGER tasks_billed AFTER UPDATE OF status ON tasks WHEN NEW.status = 'ready' BEGIN
    UPDATE created_tasks SET billed = billed + 1 WHERE task_id = NEW.id;
END;
