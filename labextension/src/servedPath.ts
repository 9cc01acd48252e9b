// The names of files as JupyterLab's server knows them. In: the whole path of a file, and the folder that is served. Out: the
// path within that folder.

/**
 * Return the path of a file as JupyterLab's server names it; null when it does not serve that file.
 *
 * @param file the whole path
 * @param root the folder that the server serves
 */
export function servedPath(file: string, root: string): string | null {
  const folder = root.replace(/[\\/]+$/, "");
  const path = file.replaceAll("\\", "/");
  if (root === "" || !path.startsWith(`${folder.replaceAll("\\", "/")}/`)) return null;
  return path.slice(folder.length + 1);
}
