-- From version 2, which kept one answer a job, and asked by tasks alone.

INSERT INTO answers (key, number, task_id, raw)
SELECT key, attempt, task_id, raw FROM answers_2 JOIN jobs USING (key);

DROP TABLE answers_2;
