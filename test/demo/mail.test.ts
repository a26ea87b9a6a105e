import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { mailText } from '../../examples/demo/mail-text.ts';
import { parseMail } from '../../examples/demo/mime.ts';

const mail = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\r\n'), 'latin1');

function parts(...lines: readonly string[]): readonly (readonly [string, string])[] {
  return parseMail(mail(...lines)).leaves.map(({ type, body }) => [type, body.trim()]);
}

describe('a mail', () => {
  test('is its leaves in order, however deep they lie', () => {
    assert.deepEqual(
      parts(
        'Content-Type: multipart/mixed; boundary="outer"',
        '',
        'for readers that know no MIME',
        '--outer',
        'Content-Type: multipart/alternative; boundary=inner',
        '',
        '--inner',
        '',
        'plain',
        '--inner',
        'Content-Type: TEXT/HTML; charset=x',
        '',
        '<p>html',
        '--inner--',
        '--outer',
        'Content-Type: message/rfc822',
        '',
        'Subject: forwarded',
        '',
        'within',
        '--outer--',
        'after the end',
      ),
      [
        ['text/plain', 'plain'],
        ['text/html', '<p>html'],
        ['text/plain', 'within'],
      ],
    );
  });

  test('that breaks off ends where it breaks off, also within a part whose own end is missing', () => {
    assert.deepEqual(
      parts(
        'Content-Type: multipart/mixed; boundary=a',
        '',
        '--a',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        '',
        'one',
        '--a',
        '',
        'two',
      ),
      [
        ['text/plain', 'one'],
        ['text/plain', 'two'],
      ],
    );
  });

  test('whose type is none, or missing, is plain text; a multipart without a boundary holds nothing', () => {
    assert.deepEqual(parts('Content-Type: text', '', 'a'), [['text/plain', 'a']]);
    assert.deepEqual(parts('Subject: s', '', 'a'), [['text/plain', 'a']]);
    assert.deepEqual(parts('no header at all'), [['text/plain', 'no header at all']]);
    assert.deepEqual(parts('Content-Type: multipart/mixed', '', 'a'), []);
  });

  test('in a transfer encoding is decoded', () => {
    const quoted = parts('Content-Transfer-Encoding: Quoted-Printable', '', 'one=20=', 'line =3D =zz =');
    assert.deepEqual(quoted, [['text/plain', 'one line = =zz']]);

    const encoded = (body: string) => parts('Content-Transfer-Encoding: base64', '', body)[0]![1];
    assert.equal(encoded('c29t ZSB0\r\nZXh0IQ=='), 'some text!');
    assert.equal(encoded('c29t-ZSB0_ZXh0IQ==, then a footer'), 'some text!');
    assert.equal(encoded('c29tZ'), 'c29tZ');
  });

  test('of any bytes at all is read', () => {
    const line = fc.oneof(
      fc.constantFrom('--b', '--b--', '', 'Content-Type: multipart/digest; boundary=b', 'From x', ' more', ': odd'),
      fc.string({ maxLength: 20, unit: 'binary-ascii' }),
    );
    fc.assert(fc.property(fc.array(line), (lines) => assert.match(mailText(mail(...lines)), /^[ -~\t\n]*$/)));
  });
});

describe('the text of a mail', () => {
  test('is its subject and what is written new, without tags, quotations and rules', () => {
    const text = mailText(
      mail(
        'Subject: An',
        '\toffer',
        'Content-Type: text/html',
        '',
        '<style>p { color: red }</style><p>Tea &amp; caf\xe9 &lt;now&gt;',
        '> she wrote',
        '-----',
        'bye',
      ),
    );
    assert.equal(text.replace(/\s+/g, ' '), 'An offer. Tea & caf <now> bye');
  });

  test('leaves attachments out', () => {
    assert.equal(mailText(mail('Subject: s', 'Content-Type: image/gif', '', 'GIF89a')), 's. ');
  });
});
