import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalRecordText } from './record-hash.ts';

it('ONCE2 does not depend on the order of fields', () => {
  const record = { op: 3, table: 't', id: 'a', action: 'update', data: { b: 1, a: null } };
  const shuffled = { data: { a: null, b: 1 }, action: 'update', id: 'a', table: 't', op: 3 };
  expect(canonicalRecordText(record)).toBe(canonicalRecordText(shuffled));
  expect(canonicalRecordText(record)).toBe(
    '{"action":"update","data":{"a":null,"b":1},"id":"a","op":3,"table":"t"}',
  );
});

it('ONCE2 survives the way over the wire', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const record = { table: 't', id: 'a', action: 'create', op: 1, data };
      const received = JSON.parse(JSON.stringify(record)) as typeof record;
      expect(canonicalRecordText(received)).toBe(canonicalRecordText(record));
    }),
  );
});

it('ONCE2 tells records apart that differ in one value', () => {
  const record = { table: 't', id: 'a', action: 'update', op: 1, data: { n: 1 } };
  expect(canonicalRecordText(record)).not.toBe(
    canonicalRecordText({ ...record, data: { n: '1' } }),
  );
  expect(canonicalRecordText(record)).not.toBe(canonicalRecordText({ ...record, delta: { n: 1 } }));
});
