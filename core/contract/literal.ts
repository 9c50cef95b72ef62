/**
 * A text that Kubernetes hands over as it is. In a container's environment it would replace `$(NAME)` by another variable, and
 * read `$$` as one `$`, the shell's own number.
 *
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export const literal = (text: string): string => text.replace(/\$(?=[$(])/g, "$$$$");
