// What JupyterLab loads for the styles.
import "./index.css";
