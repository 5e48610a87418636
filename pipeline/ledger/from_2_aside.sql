-- Makes room for the tables of the present version.

ALTER TABLE jobs ADD COLUMN reasks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN delivery TEXT NOT NULL DEFAULT 'task';
ALTER TABLE jobs ADD COLUMN batch_id TEXT;
ALTER TABLE answers RENAME TO answers_2;
