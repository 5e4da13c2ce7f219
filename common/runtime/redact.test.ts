import { describe, expect, it } from 'vitest';
import { createRedactor } from './redact.ts';

const token = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';

describe('redactor', () => {
  it('P17 takes out a known secret in every form it travels in', () => {
    const redactor = createRedactor(['s3cr3t "with/quotes"']);
    const forms = [
      's3cr3t "with/quotes"',
      encodeURIComponent('s3cr3t "with/quotes"'),
      JSON.stringify({ a: 's3cr3t "with/quotes"' }),
      Buffer.from('s3cr3t "with/quotes"').toString('base64'),
    ];
    for (const form of forms) {
      const text = redactor.text(`before ${form} after`);
      expect(text).toContain('******');
      expect(text).not.toContain('s3cr3t');
      expect(text).not.toContain(forms[3]);
    }
  });

  it('P17 knows secrets that are added later, and the longer of two first', () => {
    const redactor = createRedactor(['abcdef']);
    redactor.addSecret('abcdefghij');
    expect(redactor.text('abcdefghij')).toBe('******');
  });

  it.each([
    ['Authorization: Bearer ' + token],
    [`bearer ${token}`],
    [`{"authorization":"Bearer ${token}"}`],
    [`{"token": "${token}"}`],
    [`https://host/x?token=${token}&a=1`],
    [`SYNC_TOKEN=${token}`],
    [`postgres://user:${token}@db/x`],
    [`postgres://user:p@${token}@db/x`],
    [`Cookie: session=${token}; other=1`],
    [`password=${token}`],
  ])('P17 takes out the secret of %s without knowing it', (text) => {
    expect(createRedactor().text(text)).not.toContain(token);
  });

  it('leaves ordinary text alone', () => {
    for (const text of [
      'The bearer token is unknown, revoked or malformed.',
      'https://master.example.com/api/sync/upload',
      'Unexpected token: line 3',
      'cursor 3f2a.1200, 14 records',
    ]) {
      expect(createRedactor([token]).text(text)).toBe(text);
    }
  });

  it('knows the names of secrets, however they are written', () => {
    const { isSecretKey } = createRedactor();
    const secret = [
      'Authorization',
      'syncToken',
      'SYNC_TOKEN',
      'x-api-key',
      'set-cookie',
      'adminPassword',
      'pwd',
    ];
    for (const name of secret) expect(isSecretKey(name)).toBe(true);
    for (const name of ['cursor', 'tokenName', 'table', 'passwordless_login'])
      expect(isSecretKey(name)).toBe(false);
  });

  it('P12 works through hostile megabytes in bounded length', () => {
    const text = createRedactor([token]).text('a://'.repeat(200_000) + token);
    expect(text.length).toBeLessThanOrEqual(64 * 1024);
  });
});
