import type { LoggedChange } from './change.ts';

/** Whether a logged change set this column: a new row set all of them, a delete that was outlived none. */
export function touches(logged: LoggedChange, column: string): boolean {
  if (logged.action === 'delete') return false;
  return isNewLife(logged) || logged.columns.includes(column);
}

/** Whether the row was deleted and made anew among these changes, so that it is another row now (rule MERGE6). */
export function wasMadeAnew(foreign: readonly LoggedChange[]): boolean {
  const deleted = foreign.findIndex((logged) => logged.action === 'delete');
  return foreign.some(
    (logged, index) =>
      isNewLife(logged) && (logged.isAnew === true || (deleted >= 0 && index > deleted)),
  );
}

/** The changes that no later delete has made void; what a delete meets that comes in now (rule MERGE5). */
export function sinceLastDelete(foreign: readonly LoggedChange[]): readonly LoggedChange[] {
  return foreign.slice(foreign.findLastIndex((logged) => logged.action === 'delete') + 1);
}

/** A create that lists columns only brought the deleted row back, with what these columns were set to. */
function isNewLife(logged: LoggedChange): boolean {
  return logged.action === 'create' && logged.columns.length === 0;
}
