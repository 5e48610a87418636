-- From version 1, which repeated the recipe in every job and kept jobs in the order of their hashes.

INSERT INTO recipes SELECT recipe_id, min(scope), min(recipe) FROM jobs_1 GROUP BY recipe_id;

INSERT INTO jobs (
    key, content, recipe_id, source, path, size_bytes, mtime_ns, state, upload, asset_id, task_id, submitted_at, attempt,
    intent, reused_asset, duration_s, upload_bytes, upload_s, wait_s, requests, error, code, message, failed_from, run_id,
    updated_at
) SELECT
    key, content, recipe_id, source, path, size_bytes, mtime_ns, state, upload, asset_id, task_id, submitted_at, attempt,
    intent, reused_asset, duration_s, upload_bytes, upload_s, wait_s, requests, error, code, message, failed_from, run_id,
    updated_at
FROM jobs_1 ORDER BY updated_at;

INSERT INTO sources (key, source, path, recipe_id, metadata, written, pays, stale, cost_usd, run_id)
SELECT key, source, path, recipe_id, metadata, written, pays, stale, cost_usd, run_id FROM sources_1;

INSERT INTO answers (key, number, task_id, raw)
SELECT key, attempt, task_id, raw FROM answers_1 JOIN jobs_1 USING (key);

DROP TABLE answers_1;
DROP TABLE jobs_1;
DROP TABLE sources_1;
