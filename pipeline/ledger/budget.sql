-- What is committed under the budgets of one account, by one output folder or by several that share this file.

CREATE TABLE IF NOT EXISTS commitments (
    id      INTEGER PRIMARY KEY,
    scope   TEXT NOT NULL,
    folder  TEXT NOT NULL,
    run     TEXT NOT NULL,    -- empty where no run with a budget committed to it
    key     TEXT NOT NULL,
    number  INTEGER NOT NULL, -- of the job's attempts
    at      REAL NOT NULL,
    usd     REAL NOT NULL,
    minutes REAL NOT NULL,
    tokens  REAL NOT NULL,
    open    INTEGER NOT NULL  -- reserved: the answer is awaited
) STRICT;

-- A job awaits one answer at a time.
CREATE UNIQUE INDEX IF NOT EXISTS commitments_open ON commitments (folder, key) WHERE open;
CREATE INDEX IF NOT EXISTS commitments_by_answer ON commitments (folder, key, number);
CREATE INDEX IF NOT EXISTS commitments_by_time ON commitments (scope, at, usd, minutes, tokens);

-- Sums by run, kept by the triggers below, so that a life of answers need not be added up for each question.
CREATE TABLE IF NOT EXISTS totals (
    scope   TEXT NOT NULL,
    run     TEXT NOT NULL,
    usd     REAL NOT NULL,
    minutes REAL NOT NULL,
    tokens  REAL NOT NULL,
    PRIMARY KEY (scope, run)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS committed AFTER INSERT ON commitments BEGIN
    INSERT INTO totals VALUES (new.scope, new.run, new.usd, new.minutes, new.tokens)
    ON CONFLICT DO UPDATE SET
        usd = round(usd + new.usd, 6), minutes = round(minutes + new.minutes, 6), tokens = round(tokens + new.tokens, 6);
END;

CREATE TRIGGER IF NOT EXISTS settled AFTER UPDATE OF usd, minutes, tokens ON commitments BEGIN
    UPDATE totals SET
        usd = round(usd + new.usd - old.usd, 6),
        minutes = round(minutes + new.minutes - old.minutes, 6),
        tokens = round(tokens + new.tokens - old.tokens, 6)
    WHERE scope = new.scope AND run = new.run;
END;

CREATE TRIGGER IF NOT EXISTS released AFTER DELETE ON commitments BEGIN
    UPDATE totals SET
        usd = round(usd - old.usd, 6), minutes = round(minutes - old.minutes, 6), tokens = round(tokens - old.tokens, 6)
    WHERE scope = old.scope AND run = old.run;
END;

-- Up to which row of the ledger's answers each folder is accounted for.
CREATE TABLE IF NOT EXISTS folders (
    scope   TEXT NOT NULL,
    folder  TEXT NOT NULL,
    answers INTEGER NOT NULL,
    PRIMARY KEY (scope, folder)
) STRICT, WITHOUT ROWID;
