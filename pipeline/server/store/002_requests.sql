-- A task keeps what it asks as one JSON text; it may belong to a batch, and may ask about pictures without a video.
CREATE TABLE tasks_next (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    custom_id TEXT,
    batch_id TEXT,
    status TEXT NOT NULL,
    source TEXT,
    asset_id TEXT,
    video_url TEXT,
    mode TEXT NOT NULL,
    request TEXT NOT NULL,
    created_at REAL NOT NULL,
    completed_at REAL,
    duration REAL,
    error TEXT,
    result TEXT
);

-- json_patch leaves out the members that are null
INSERT INTO tasks_next
SELECT seq, id, custom_id, NULL, status, source, asset_id, video_url, 'general',
    json_patch('{}', json_object('model_name', model, 'analysis_mode', 'general', 'prompt', prompt,
        'temperature', temperature, 'max_tokens', max_tokens, 'start_time', start_time, 'end_time', end_time)),
    created_at, completed_at, duration, error, result
FROM tasks;

DROP TABLE tasks;
ALTER TABLE tasks_next RENAME TO tasks;
CREATE INDEX tasks_status ON tasks (status, seq);
CREATE INDEX tasks_asset ON tasks (asset_id, seq);
CREATE INDEX tasks_batch ON tasks (batch_id, seq) WHERE batch_id IS NOT NULL;
