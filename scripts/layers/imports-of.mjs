import ts from "typescript";

/**
 * Every module that a TypeScript file names: `import`, `export … from`, `import()`, `require()`, `import("x").T`.
 *
 * @param {string} file its name, for the compiler
 * @param {string} text
 * @returns {{ specifier: string, typeOnly: boolean, line: number }[]}
 */
export function importsOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = [];
  visit(source);
  return found;

  function visit(node) {
    const name = moduleNamedBy(node);
    if (name && ts.isStringLiteralLike(name)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push({ specifier: name.text, typeOnly: isTypeOnly(node), line });
    }
    ts.forEachChild(node, visit);
  }
}

function moduleNamedBy(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (ts.isCallExpression(node) && loadsModule(node.expression)) return node.arguments[0];
  return undefined;
}

function loadsModule(callee) {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  return /^(require(\.resolve)?|jest\.(mock|requireActual))$/.test(callee.getText());
}

function isTypeOnly(node) {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly || everyElementIsType(node.exportClause);
  if (!ts.isImportDeclaration(node) || !node.importClause) return false;
  const { isTypeOnly: whole, name, namedBindings } = node.importClause;
  return whole || (!name && everyElementIsType(namedBindings));
}

function everyElementIsType(clause) {
  const elements = clause && "elements" in clause ? clause.elements : [];
  return elements.length > 0 && elements.every((element) => element.isTypeOnly);
}
