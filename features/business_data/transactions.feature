@business_data
Feature: A change happens wholly or not at all
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Need nobody to put right by hand what a fault has left half done
  Value impact:     After any fault customers simply try again, and nothing is there twice or by half
  Strategic impact: Books that are always in order are what auditors look for first

  @DBL-06 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: What breaks off half-way leaves nothing behind and can be done again

    @gate @exclusive
    Scenario Outline: An expense whose booking breaks off is not booked
      Given Acme is <a plan> customer
      And Acme has an allowance
      When the booking of an expense by Acme breaks off half-way
      Then Acme finds nothing of it, neither meanwhile nor afterwards
      And Acme is asked to try again

      Examples:
        | a plan        |
        | a Mid         |
        | an Enterprise |

    @gate @exclusive
    Scenario: An expense whose booking has broken off can be booked
      Given Acme is a Mid customer
      And Acme has an allowance
      And the booking of an expense by Acme has broken off half-way
      When Acme books it again
      Then Acme finds it booked once

    @gate @exclusive
    Scenario Outline: A run whose request breaks off is not begun
      Given Acme is <a plan> customer with stored usage
      When the request of Acme for a usage report breaks off half-way
      Then Acme finds nothing of it, neither meanwhile nor afterwards
      And Acme is asked to try again

      Examples:
        | a plan   |
        | a Free   |
        | an Early |

    @gate @exclusive
    Scenario: A run whose request has broken off can be asked for
      Given Acme is an Early customer with stored usage
      And the request of Acme for a usage report has broken off half-way
      When Acme starts a usage report
      Then Acme finds one whole run

    @smoke
    Scenario: A run whose end breaks off ends all the same
      Given Acme watches
      And Acme has started an agent that waits for the partner
      When the end of Acme's run breaks off half-way
      Then Acme has found nothing of the end while it was half-way
      And Acme finds the whole end all the same
      And Acme has received every event of the run in order, each once
