@websocket_events
Feature: Hundreds of customers can watch at once
  Segment:          Mid and Enterprise
  Business goal:    Grow from tens to hundreds of customers on the machines that we have
  Value impact:     Live results are as quick in the first hour of the working day as in any other
  Strategic impact: The cost of one more connected customer decides our prices

  @WSE-08 @segment.mid @segment.enterprise
  Rule: Events arrive in time, however many watch and however slow some are

    @nightly
    Scenario: Fifty organisations of ten people each receive their own runs
      Given fifty organisations of ten people with stored usage
      And every customer watches
      When every customer runs a usage report
      Then every connection has received all events of its own customer's runs and nothing else
      And nearly all events arrive within the crowd event delivery budget

    @gate @exclusive
    Scenario: A connected customer costs the platform little memory
      Given fifty organisations of ten people with stored usage
      And the backend has just restarted
      When every customer watches
      Then the memory of each connection is within the socket memory budget

    @gate
    Scenario: A stalled connection delays no other customer
      Given ten customers with stored usage
      And every customer watches, Acme over a stalled connection
      And Acme has finished an analysis too large for a connection's buffers
      When every customer runs a usage report
      Then every connection has received all events of its own customer's runs and nothing else
      And nearly all events arrive within the crowd event delivery budget

    @gate
    Scenario: A stalled connection is closed
      Given Acme is a Mid customer with a stalled connection
      When Acme runs an analysis too large for a connection's buffers
      Then the platform closes the dropped connection in time
