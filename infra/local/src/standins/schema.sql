-- Instants are microseconds since the epoch.

CREATE TABLE IF NOT EXISTS counter (last INTEGER NOT NULL) STRICT;
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);

CREATE TABLE IF NOT EXISTS messages (
    sequence          INTEGER PRIMARY KEY, -- renewed when the message moves to another queue
    queue             TEXT    NOT NULL,
    id                TEXT    NOT NULL,
    body              TEXT    NOT NULL,
    attributes        TEXT    NOT NULL,    -- a JSON object of strings
    message_group     TEXT,
    source            TEXT,                -- of a dead letter: the queue that gave it up
    sent_at           INTEGER NOT NULL,
    visible_at        INTEGER NOT NULL,
    first_received_at INTEGER,
    receives          INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_at);
CREATE INDEX IF NOT EXISTS messages_by_receives ON messages (queue, receives, visible_at);
CREATE INDEX IF NOT EXISTS messages_by_age ON messages (queue, sent_at);
CREATE INDEX IF NOT EXISTS messages_by_group ON messages (queue, message_group) WHERE message_group IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_by_group_visibility ON messages (queue, message_group, visible_at)
    WHERE message_group IS NOT NULL;

-- The groups of a FIFO queue that hold messages, so that a receive finds free groups without passing over blocked ones.
CREATE TABLE IF NOT EXISTS message_groups (
    queue   TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    head    INTEGER NOT NULL, -- the sequence of its first message
    free_at INTEGER NOT NULL, -- since when none of its messages is in flight, or when the last of them will not be
    PRIMARY KEY (queue, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_groups_by_freedom ON message_groups (queue, free_at, head);

CREATE TABLE IF NOT EXISTS deduplications (
    queue      TEXT    NOT NULL,
    dedup_id   TEXT    NOT NULL,
    message_id TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (queue, dedup_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deduplications_by_expiry ON deduplications (expires_at);

CREATE TABLE IF NOT EXISTS mails (
    number INTEGER PRIMARY KEY,
    id     TEXT    NOT NULL UNIQUE,
    at     INTEGER NOT NULL,
    mail   TEXT    NOT NULL -- JSON
) STRICT;

-- What moves the messages of dead-letter queues.
CREATE TABLE IF NOT EXISTS move_tasks (
    number      INTEGER PRIMARY KEY, -- of the counter: what came after it started has a greater sequence
    handle      TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    destination TEXT,                -- without one, each message goes to the queue that gave it up
    per_second  INTEGER,             -- without one, all at once
    started_at  INTEGER NOT NULL,
    to_move     INTEGER NOT NULL,
    moved       INTEGER NOT NULL,
    running     INTEGER NOT NULL,
    failure     TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS move_tasks_by_source ON move_tasks (source);
CREATE INDEX IF NOT EXISTS move_tasks_by_state ON move_tasks (running);
