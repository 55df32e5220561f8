@websocket_events
Feature: Hundreds of users can watch events at the same time
  Segment:          Mid and Enterprise
  Business goal:    Grow from tens to hundreds of customers on the machines that we have
  Value impact:     Live results are as quick in the first hour of the working day as in any other
  Strategic impact: The cost of one more connected customer decides our prices

  @WSE-08 @segment.mid @segment.enterprise
  @needs.live_events
  Rule: Events arrive in time, however many watch and however slow some are

    @nightly
    @needs.colleagues @needs.run_numbers @needs.timestamps
    Scenario: Fifty organisations of ten people each receive their own runs
      Given fifty organisations of ten people with stored usage
      And every user watches events
      When every user runs a usage report
      Then every connection has received all events of its own user's runs in order, and nothing else
      And at least 95 % of all events arrive within the target time for crowd event delivery

    @gate @exclusive
    @needs.colleagues @needs.own_services
    Scenario: A connected customer costs the platform little memory
      Given fifty organisations of ten people with stored usage
      And the backend has just restarted
      When every user watches events
      Then each connection uses no more memory than the socket memory limit

    @gate @exclusive
    @needs.own_services @needs.user_streams @needs.operator
    Scenario: A stalled connection costs the platform little memory
      Given the backend has just restarted
      And Acme is an Enterprise customer with a stalled connection
      When Acme runs an analysis of thousands of steps
      Then each connection uses no more memory than the socket memory limit

    @gate
    @needs.own_services @needs.run_numbers @needs.timestamps
    Scenario: A stalled connection delays no other customer
      Given ten customers with stored usage
      And every user watches events, Acme over a stalled connection
      And Acme has run an analysis too large for a connection's buffers
      When every user runs a usage report
      Then every other connection has received all events of its own user's runs in order, and nothing else
      And at least 95 % of all events arrive within the target time for crowd event delivery

    @gate
    @needs.own_services @needs.run_numbers @needs.resume
    Scenario: A stalled connection keeps no other customer from catching up
      Given Acme is a Mid customer with a connection that catches up slowly
      And Borealis is a Mid customer with stored usage
      And Borealis watches events
      And Borealis has disconnected and missed a run of hundreds of events
      When Borealis reconnects
      Then Borealis has received every event of the run in order, each once

    @gate
    @needs.own_services @needs.operator
    Scenario: A stalled connection is closed
      Given Acme is a Mid customer with a stalled connection
      When Acme runs an analysis too large for a connection's buffers
      Then the platform closes Acme's connection in time
