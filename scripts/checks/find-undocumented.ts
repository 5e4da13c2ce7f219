import ts from 'typescript';

/** Something that has no doc comment although it must have one. */
export interface Undocumented {
  readonly line: number;
  readonly name: string;
}

/**
 * Finds what a source file exports without a doc comment.
 *
 * @param options `members`: methods of its interfaces need one too, as those of ports do: their comments are the contract.
 */
export function findUndocumented(
  path: string,
  source: string,
  options: { readonly members: boolean },
): readonly Undocumented[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  return file.statements.filter(isExported).flatMap((statement) => {
    const found = hasDoc(statement) ? [] : [describe(file, statement, nameOf(statement))];
    if (!options.members || !ts.isInterfaceDeclaration(statement)) return found;
    const members = statement.members.filter((member) => isMethod(member) && !hasDoc(member));
    const prefix = statement.name.text;
    return [
      ...found,
      ...members.map((one) => describe(file, one, `${prefix}.${one.name?.getText(file) ?? ''}`)),
    ];
  });
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some((one) => one.kind === ts.SyntaxKind.ExportKeyword)
  );
}

function isMethod(member: ts.TypeElement): boolean {
  if (ts.isMethodSignature(member)) return true;
  return (
    ts.isPropertySignature(member) &&
    member.type !== undefined &&
    ts.isFunctionTypeNode(member.type)
  );
}

function hasDoc(node: ts.Node): boolean {
  return ts.getJSDocCommentsAndTags(node).length > 0;
}

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((one) => one.name.getText()).join(', ');
  }
  const { name } = statement as ts.DeclarationStatement;
  return name?.getText() ?? 'default export';
}

function describe(file: ts.SourceFile, node: ts.Node, name: string): Undocumented {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return { line: line + 1, name };
}
