-- +goose Up
-- One row: the check allows no second.
CREATE TABLE visits (
    id    boolean PRIMARY KEY DEFAULT true CHECK (id),
    count bigint NOT NULL DEFAULT 0
);
INSERT INTO visits DEFAULT VALUES;

-- +goose Down
DROP TABLE visits;
