/** What the program that meets an error should do with it; decides exit code, retry and log level. */
export interface ErrorCodeDefinition {
  /** What happened, in one sentence, for `docs/errors.md` and for problem titles. */
  readonly meaning: string;
  /** What a person does next. */
  readonly remedy: string;
  /** HTTP status when a master answers with it; absent for errors that never cross the wire. */
  readonly status?: number;
  /** Process exit code when a command ends with it (sysexits, design 2.4). */
  readonly exit: number;
  /** Whether trying the same thing again later can succeed without a person. */
  readonly retryable: boolean;
}

const define = <T extends Record<string, ErrorCodeDefinition>>(codes: T): Readonly<T> => codes;

const request = { exit: 70, retryable: false } as const;

/** Every error code of the product, the same on the wire, in the log and on the screen. */
export const errorCodes = define({
  // Requests that a master refuses whole.
  auth_required: { meaning: 'The request carries no bearer token.', remedy: 'Set SYNC_TOKEN to a token made by `master token create NAME`.', status: 401, exit: 77, retryable: false },
  auth_invalid: { meaning: 'The bearer token is unknown, revoked or malformed.', remedy: 'Make a new token with `master token create NAME` or `master token rotate NAME` and set SYNC_TOKEN.', status: 401, exit: 77, retryable: false },
  auth_loopback_only: { meaning: 'No token is configured, so the master serves this machine only.', remedy: 'Run `master token create NAME` on the master and give the token to the slave.', status: 403, exit: 77, retryable: false },
  slave_mismatch: { meaning: 'The token names another slave than the request does.', remedy: 'Use the token made for this slave, or remove SLAVE_NAME.', status: 403, exit: 77, retryable: false },
  epoch_changed: { meaning: 'The master has another history than the one this slave knows (restored from a backup, or a new database).', remedy: 'Run `slave sync:reset`: it backs up, keeps unsent work and loads the master\'s present state.', status: 409, exit: 77, retryable: false },
  slave_forked: { meaning: 'Another copy of this slave\'s database has taken over its name.', remedy: 'Stop one of the two. On the copy that should go on, run `slave sync:reset`; give the other a token of its own.', status: 409, exit: 77, retryable: false },
  slave_rewound: { meaning: 'The slave\'s database is older than what the master already has from it (restored from a backup, or a copy).', remedy: 'Run `slave sync:reset`: unsent work is kept, what the master has already is not sent twice.', status: 409, exit: 77, retryable: false },
  sequence_gap: { meaning: 'The operation numbers of the upload do not follow the last one the master has.', remedy: 'Run `slave sync:reset` if it stays; the answer names the operation number that was expected.', status: 409, exit: 77, retryable: false },
  batch_id_reused: { meaning: 'A batch id, or an operation number, was used again with other content.', remedy: 'A plain client: use a new batch id for new content. A slave: run `slave sync:reset`.', status: 409, exit: 77, retryable: false },
  cursor_expired: { meaning: 'The changes after this cursor have been purged at the master.', remedy: 'Run `slave sync:reset`: unsent work is kept and everything else is loaded again.', status: 410, exit: 77, retryable: false },
  body_too_large: { meaning: 'The request is larger than the master takes.', remedy: 'Send fewer records at a time; slaves do so by themselves.', status: 413, exit: 65, retryable: true },
  batch_too_large: { meaning: 'The upload holds more records than the master takes at once.', remedy: 'Send fewer records at a time; slaves do so by themselves.', status: 413, exit: 65, retryable: true },
  protocol_version: { meaning: 'Master and slave speak different protocol versions.', remedy: 'Upgrade the older of the two; unsent work stays where it is.', status: 426, exit: 77, retryable: false },
  protocol_rate_limited: { meaning: 'Too many requests from this slave.', remedy: 'Wait for the time that Retry-After names.', status: 429, exit: 75, retryable: true },
  protocol_busy: { meaning: 'The master has more to do than it can take on now.', remedy: 'Wait for the time that Retry-After names; slaves do so by themselves.', status: 503, exit: 75, retryable: true },
  protocol_invalid_request: { meaning: 'The request does not have the form that the endpoint takes.', remedy: 'Compare the request with docs/sync-spec.md; the answer names the field.', status: 400, ...request },
  protocol_unknown_field: { meaning: 'The request holds a field that the endpoint does not know.', remedy: 'Remove the field, or start its name with "x-".', status: 400, ...request },
  protocol_malformed_json: { meaning: 'The body is not valid JSON.', remedy: 'Send JSON (RFC 8259) without byte order mark, comments or NaN.', status: 400, ...request },
  protocol_invalid_utf8: { meaning: 'The body is not valid UTF-8.', remedy: 'Send UTF-8.', status: 400, ...request },
  protocol_too_deep: { meaning: 'The JSON body is nested too deeply.', remedy: 'Nest at most 32 levels.', status: 400, ...request },
  protocol_duplicate_key: { meaning: 'An object in the body names a key twice.', remedy: 'Name each key once.', status: 400, ...request },
  protocol_bad_encoding: { meaning: 'The compressed body cannot be unpacked.', remedy: 'Send a complete gzip body, or none.', status: 400, ...request },
  protocol_unsupported_encoding: { meaning: 'The body\'s Content-Encoding is not supported.', remedy: 'Send the body plain or with gzip.', status: 415, ...request },
  protocol_unsupported_media_type: { meaning: 'The body is not declared as application/json in UTF-8.', remedy: 'Send Content-Type: application/json.', status: 415, ...request },
  protocol_method_not_allowed: { meaning: 'The endpoint does not take this method.', remedy: 'Use the method that the Allow header names.', status: 405, ...request },
  protocol_not_found: { meaning: 'There is no such address.', remedy: 'Check MASTER_URL: it is the address before /api/sync.', status: 404, ...request },
  protocol_table_unknown: { meaning: 'A table is named that is not synced.', remedy: 'Name tables that are declared in common/tables.', status: 400, ...request },
  cursor_invalid: { meaning: 'The cursor is not one that this master made.', remedy: 'Send a cursor as it came, or none.', status: 400, ...request },
  limit_invalid: { meaning: 'The limit is not a whole number within the allowed range.', remedy: 'Send a limit from 1 to 5000.', status: 400, ...request },
  time_invalid: { meaning: 'The time is not an ISO 8601 time.', remedy: 'Send a time such as 2026-01-31T12:00:00.000Z.', status: 400, ...request },

  // Single records that a master, or a slave, sets aside.
  table_unknown: { meaning: 'The record\'s table is not synced.', remedy: 'Declare the table on both sides.', exit: 65, retryable: false },
  column_unknown: { meaning: 'The record holds a column that the table does not declare.', remedy: 'Declare the column on both sides, or leave it out.', exit: 65, retryable: false },
  action_invalid: { meaning: 'The record\'s action is none of create, update and delete.', remedy: 'Send create, update or delete.', exit: 65, retryable: false },
  key_invalid: { meaning: 'The record\'s id is not text of 1 to 64 characters, or differs from the id in its data.', remedy: 'Give the row an id of 1 to 64 characters.', exit: 65, retryable: false },
  record_invalid: { meaning: 'The record does not have the form that uploads take.', remedy: 'Compare the record with docs/sync-spec.md.', exit: 65, retryable: false },
  version_invalid: { meaning: 'The record\'s base version is not a version of this master.', remedy: 'Send the version that the last download gave for the row.', exit: 65, retryable: false },
  value_type: { meaning: 'A value is not of its column\'s type.', remedy: 'Write a value of the declared type.', exit: 65, retryable: false },
  value_out_of_range: { meaning: 'A number does not fit its column.', remedy: 'Write a value within the column\'s range.', exit: 65, retryable: false },
  value_not_exact: { meaning: 'A number cannot be carried without changing it.', remedy: 'Round it when writing, for example round(total, 4).', exit: 65, retryable: false },
  value_too_long: { meaning: 'A text or blob is longer than its column takes.', remedy: 'Shorten the value.', exit: 65, retryable: false },
  text_nul: { meaning: 'A text holds the NUL character, which PostgreSQL cannot store.', remedy: 'Remove the character.', exit: 65, retryable: false },
  text_invalid_unicode: { meaning: 'A text is not valid Unicode.', remedy: 'Write the text as valid UTF-8.', exit: 65, retryable: false },
  date_invalid: { meaning: 'A time does not exist, or is more precise than a millisecond.', remedy: 'Write UTC as YYYY-MM-DD HH:MM:SS.mmm or as ISO 8601, years 0001 to 9999.', exit: 65, retryable: false },
  json_invalid: { meaning: 'A value of a JSON column is not valid JSON, or nested deeper than 32 levels.', remedy: 'Write valid JSON.', exit: 65, retryable: false },
  blob_invalid: { meaning: 'A blob is not base64 (RFC 4648, section 4).', remedy: 'Encode the bytes as base64 with padding.', exit: 65, retryable: false },
  row_too_large: { meaning: 'A row is larger than the master takes.', remedy: 'Keep rows under 1 MiB.', exit: 65, retryable: false },
  row_not_null: { meaning: 'A column that must have a value has none.', remedy: 'Fill the column.', exit: 65, retryable: false },
  row_unique: { meaning: 'Another row already has this value in a unique column.', remedy: 'Change the value in one of the two rows; the row is then sent again by itself.', exit: 65, retryable: false },
  row_foreign_key: { meaning: 'The row refers to a row that the master does not have.', remedy: 'It is tried again by itself when the other row arrives.', exit: 65, retryable: true },
  row_constraint: { meaning: 'The row breaks a rule of the database.', remedy: 'Look at the detail and mend the row.', exit: 65, retryable: false },
  row_missing: { meaning: 'The row to change does not exist, and the record does not hold all of it.', remedy: 'Send the whole row with action create.', exit: 65, retryable: false },
  row_deleted: { meaning: 'The row was deleted at the master.', remedy: 'Send action create to make it anew.', exit: 65, retryable: false },
  row_append_only: { meaning: 'Rows of this table can be added, not changed or deleted.', remedy: 'Add a correcting row instead.', exit: 65, retryable: false },
  row_direction: { meaning: 'This table does not sync in this direction.', remedy: 'Make the change on the other side.', exit: 65, retryable: false },
  row_waits: { meaning: 'An earlier change of the same row was rejected, so this one waits behind it.', remedy: 'Mend or discard the earlier change.', exit: 65, retryable: true },
  row_unverifiable: { meaning: 'It cannot be told whether the master already has this change.', remedy: 'Compare the row with the master; `rejected retry` sends it, `rejected discard` drops it.', exit: 65, retryable: false },
  row_only_here: { meaning: 'The master no longer has this row, and no deletion of it is known.', remedy: '`rejected retry` sends it to the master, `rejected discard` removes it here.', exit: 65, retryable: false },

  // What a slave meets on its way to the master.
  transport_unreachable: { meaning: 'The master cannot be reached.', remedy: 'Check the network and MASTER_URL; it is tried again by itself.', exit: 69, retryable: true },
  transport_timeout: { meaning: 'The master did not answer in time, or the connection made no progress.', remedy: 'It is tried again with smaller pages; raise SYNC_TIMEOUT on very slow lines.', exit: 69, retryable: true },
  transport_interrupted: { meaning: 'The connection broke while data was on its way.', remedy: 'It is tried again by itself; nothing was applied in part.', exit: 69, retryable: true },
  transport_not_a_master: { meaning: 'Something else than a master answered, such as a login page of the network.', remedy: 'Open a browser and sign in to the network, or mend MASTER_URL.', exit: 69, retryable: true },
  transport_redirect_refused: { meaning: 'The address redirects elsewhere; tokens are never sent on.', remedy: 'Set MASTER_URL to the final address, or sign in to the network.', exit: 69, retryable: true },
  transport_invalid_answer: { meaning: 'The master\'s answer does not have the agreed form.', remedy: 'Upgrade the older of the two programs.', exit: 69, retryable: true },
  transport_master_error: { meaning: 'The master answered with an error of its own.', remedy: 'Look at the master\'s log; it is tried again by itself.', exit: 69, retryable: true },
  transport_tls_refused: { meaning: 'The secure connection to the master could not be made: its certificate or its TLS is not acceptable.', remedy: 'Mend the certificate, or set TLS_CA to the authority that signed it; it is never ignored.', exit: 69, retryable: true },
  transport_cancelled: { meaning: 'The sync was stopped before it ended.', remedy: 'Nothing to do: it goes on where it was.', exit: 75, retryable: true },

  // Local trouble.
  sync_already_running: { meaning: 'Another process syncs this database now.', remedy: 'Wait for it, or ask the daemon with `slave sync:status`.', exit: 75, retryable: true },
  sync_disabled: { meaning: 'Syncing is switched off (SYNC_ENABLED=false, or paused).', remedy: 'Use --force, resume, or set SYNC_ENABLED=true.', exit: 77, retryable: false },
  sync_backing_off: { meaning: 'The last attempt failed and the next one is not due yet.', remedy: 'Wait, or use --force.', exit: 75, retryable: true },
  sync_refused: { meaning: 'The command would do something that needs a clear yes.', remedy: 'Add --yes after reading what it does.', exit: 77, retryable: false },
  usage_invalid: { meaning: 'The command was called in a way it does not know.', remedy: 'See --help.', exit: 64, retryable: false },
  data_not_found: { meaning: 'There is no such thing.', remedy: 'List what there is with the list command.', exit: 65, retryable: false },
  data_differs: { meaning: 'Slave and master do not hold the same rows.', remedy: 'Sync once more; if it stays, run `slave sync:reset --resync`.', exit: 65, retryable: false },
  config_invalid: { meaning: 'Settings are missing or wrong.', remedy: 'Mend the settings that the message names.', exit: 78, retryable: false },
  storage_unwritable: { meaning: 'A folder or file under STORAGE_PATH cannot be written.', remedy: 'Check the owner and rights of the folder and the free space.', exit: 73, retryable: false },
  storage_busy: { meaning: 'Another program holds the database.', remedy: 'It is tried again by itself; end long transactions of other programs.', status: 503, exit: 75, retryable: true },
  storage_full: { meaning: 'The disk is full.', remedy: 'Free some space; it goes on by itself.', status: 507, exit: 74, retryable: true },
  storage_corrupt: { meaning: 'The database is damaged or not a database.', remedy: 'Restore a copy from backups/, then run `slave sync:reset`.', exit: 74, retryable: false },
  storage_unavailable: { meaning: 'The database cannot be opened or does not answer.', remedy: 'Check DATABASE_URL and that the database runs.', status: 503, exit: 74, retryable: true },
  storage_not_migrated: { meaning: 'The database has not been prepared, or by another version.', remedy: 'Run db:migrate.', exit: 78, retryable: false },
  schema_mismatch: { meaning: 'A table in the database does not have the declared columns, or lost its capture triggers.', remedy: 'Run db:migrate; it adds what is missing and keeps every row.', status: 503, exit: 78, retryable: false },
  internal_error: { meaning: 'An error that nobody foresaw.', remedy: 'The log has the details under the same request id.', status: 500, exit: 70, retryable: true },
});

/** One of the product's error codes. */
export type ErrorCode = keyof typeof errorCodes;
