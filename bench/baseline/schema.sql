CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE shops (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    timezone text NOT NULL
);
CREATE TABLE services (
    id uuid PRIMARY KEY,
    shop_id bigint NOT NULL REFERENCES shops,
    duration_minutes int NOT NULL
);
CREATE TABLE providers (
    id uuid PRIMARY KEY,
    shop_id bigint NOT NULL REFERENCES shops
);
CREATE TABLE provider_services (
    provider_id uuid REFERENCES providers,
    service_id uuid REFERENCES services,
    PRIMARY KEY (provider_id, service_id)
);
CREATE TABLE working_hours (
    provider_id uuid NOT NULL REFERENCES providers,
    weekday int NOT NULL,
    starts time NOT NULL,
    ends time NOT NULL
);
CREATE INDEX ON working_hours (provider_id);
CREATE TABLE time_off (
    provider_id uuid NOT NULL REFERENCES providers,
    during tstzrange NOT NULL
);
CREATE INDEX ON time_off (provider_id);
CREATE TABLE closures (
    shop_id bigint NOT NULL REFERENCES shops,
    during tstzrange NOT NULL
);
CREATE TABLE clients (
    id uuid PRIMARY KEY,
    shop_id bigint NOT NULL REFERENCES shops,
    subject text NOT NULL,
    UNIQUE (shop_id, subject)
);
CREATE TABLE bookings (
    id uuid PRIMARY KEY,
    shop_id bigint NOT NULL REFERENCES shops,
    provider_id uuid NOT NULL REFERENCES providers,
    service_id uuid NOT NULL REFERENCES services,
    client_id uuid NOT NULL REFERENCES clients,
    during tstzrange NOT NULL,
    status text NOT NULL,
    notes text,
    created_at timestamptz NOT NULL DEFAULT now(),
    EXCLUDE USING gist (provider_id WITH =, during WITH &&) WHERE (status <> 'cancelled')
);
CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shop_id bigint NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL
);
