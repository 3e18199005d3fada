<?php
usleep(1000 * (int) ($_GET['ms'] ?? 0));
header('Content-Type: application/json');
$body = file_get_contents('php://input');
header('Content-Length: ' . strlen($body));
echo $body;
